"""What the tests of reports stand on: sample folders, written once."""

from pathlib import Path

import pytest

from drawplate.reports.tests.samples import names, write_sample


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give the report folder of each sample, by name; tests must not change them."""
    root = tmp_path_factory.mktemp("samples")
    for name in names():
        write_sample(name, root / name)
    return {name: root / name for name in names()}

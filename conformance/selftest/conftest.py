"""What all tests of the conformance part stand on."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No test depends on how fast the machine is.
settings.register_profile(
    "drawplate", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("drawplate")


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Give a folder with a short path: that of tmp_path is too long for a cluster's sockets."""
    folder = Path(tempfile.mkdtemp(prefix="dp-"))
    yield folder
    shutil.rmtree(folder)

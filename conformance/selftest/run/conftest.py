"""What the tests of a run stand on."""

from pathlib import Path

import pytest

from drawplate.conformance.selftest.run.stand_in import StandIn


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Give a session whose suites and catalogue the test writes."""
    return StandIn(tmp_path, monkeypatch)

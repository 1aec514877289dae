"""A node with a clock that is turned by hand, and work on it."""

import pytest

from drawplate.emulators.tests.work.bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()

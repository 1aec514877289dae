"""A node on which faults happen."""

import pytest

from drawplate.emulators.tests.faults.ground import Ground


@pytest.fixture
def node() -> Ground:
    return Ground()

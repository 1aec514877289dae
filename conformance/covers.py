"""The mark that ties a test to the requirements which it proves."""

from collections.abc import Callable
from typing import TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., object])


def covers(*requirements: str) -> Callable[[Test], Test]:
    """Say that the decorated test proves `requirements` (IDs of the catalogue)."""
    return pytest.mark.covers(*requirements)

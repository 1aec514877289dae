"""The wheel alone, outside the repository, does what the checkout does."""

import pytest

from drawplate.conformance.selftest import wheel

pytestmark = pytest.mark.slow


def test_wheel_alone_certifies_the_reference_driver(capsys: pytest.CaptureFixture[str]) -> None:
    assert wheel.main(["--height", "bench"]) == 0, capsys.readouterr().out

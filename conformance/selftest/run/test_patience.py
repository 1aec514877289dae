"""Waiting for what cannot be watched, and the factor by which it is stretched."""

import subprocess
import time
from collections.abc import Iterator

import pytest

from drawplate.conformance.patience import LARGEST, USUAL_SECONDS, measure, wait_until
from drawplate.conformance.problems import Inconclusive


def test_what_is_seen_is_given() -> None:
    seen = iter([None, "", "there"])

    assert wait_until("it", lambda: next(seen), budget=60, every=0) == "there"


def test_what_is_there_is_seen_without_any_time() -> None:
    assert wait_until("it", lambda: "there", budget=0) == "there"


def test_what_does_not_come_is_inconclusive_and_named() -> None:
    with pytest.raises(Inconclusive, match="waited 0 s for a second slice"):
        wait_until("a second slice", lambda: None, budget=0.01, every=0)


def test_what_the_probe_raises_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        wait_until("it", lambda: 1 // 0, budget=60)


@pytest.mark.parametrize(
    ("seconds", "factor"),
    [
        ([USUAL_SECONDS / 4] * 5, 1.0),
        ([USUAL_SECONDS * 3] * 5, 3.0),
        ([0.0, 0.0, USUAL_SECONDS * 2, 9.0, 9.0], 2.0),
        ([60.0] * 5, LARGEST),
    ],
    ids=["a fast machine", "a slow machine", "the median counts", "a machine at a standstill"],
)
def test_the_factor_is_the_median_within_bounds(
    monkeypatch: pytest.MonkeyPatch, seconds: list[float], factor: float
) -> None:
    def clock() -> Iterator[float]:
        for each in seconds:
            yield 100.0
            yield 100.0 + each

    ticks = clock()
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: None)
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))

    assert measure() == factor


def test_the_factor_of_this_machine_is_within_bounds() -> None:
    assert 1.0 <= measure(samples=1) <= LARGEST

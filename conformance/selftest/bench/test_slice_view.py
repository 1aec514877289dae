"""Slices as tests look at them: a pool that is being written is not judged."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from drawplate.conformance.bench.nodes import NodeFacts
from drawplate.conformance.bench.slice_view import SliceView
from drawplate.fixtures.waiting import NotInTime

if TYPE_CHECKING:
    from drawplate.fixtures.kubeapi import KubeApi


def part(generation: int, count: int) -> dict[str, Any]:
    pool = {"name": "p", "generation": generation, "resourceSliceCount": count}
    return {"spec": {"nodeName": "here", "driver": "d", "pool": pool}}


class Writing:
    """An API server on which slices appear, one state after another."""

    def __init__(self, *states: Sequence[Any]) -> None:
        self.states = [*states]

    def wait(self, _kind: str, holds: Callable[[Any], bool], *_: Any) -> Any:
        while not holds(self.states[0]):
            if len(self.states) == 1:
                raise NotInTime("nothing more is written", 1.0)
            self.states.pop(0)
        return self.states[0]

    def list(self, _kind: str, **_: Any) -> Any:
        return self.states[0]


def seen(*states: Sequence[Any]) -> int:
    view = SliceView(cast("KubeApi", Writing(*states)), "d", NodeFacts("here"), 1.0)
    return len(view.all())


def test_a_pool_that_is_being_written_is_waited_for() -> None:
    assert seen([], [part(1, 2)], [part(1, 2), part(1, 2)]) == 2


def test_a_generation_that_replaces_another_is_waited_for() -> None:
    old, new = part(1, 1), part(2, 2)

    assert seen([old, new], [old, new, new], [new, new]) == 3


def test_a_pool_that_stays_incomplete_is_shown_as_it_is() -> None:
    assert seen([part(1, 2)]) == 1

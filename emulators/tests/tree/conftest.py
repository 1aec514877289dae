"""States of shipped machines, and their trees, mounted at private folders."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.nic.virtual_functions import follow
from drawplate.emulators.state.model import State
from drawplate.emulators.sysfs import iommu, removal
from drawplate.emulators.tree import sysfs
from drawplate.emulators.tree.model import PAGE, Contributor, Tree
from drawplate.emulators.tree.surface import TreeSurface


@dataclass(frozen=True)
class Fixed:
    """A contribution that puts the same things whatever the state is."""

    fill: Callable[[Tree], None]
    STRUCTURE: frozenset[str] = frozenset()

    def contribute(self, _state: State, tree: Tree) -> None:
        self.fill(tree)


@dataclass(frozen=True)
class Shown:
    """A state whose tree is mounted at `where`."""

    state: State
    where: Path
    surface: TreeSurface


def make_state(machine: str) -> State:
    state = State(place(load(machine), "node"))
    state.rules += [follow, removal.settle, iommu.assign]
    with state.change("groups", quiet=True) as change:
        iommu.assign(change)
    return state


@pytest.fixture(scope="session")
def states() -> Callable[[str], State]:
    return make_state


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Callable[..., Shown]]:
    with ExitStack() as stack:
        count = 0

        def make(
            machine: str = "edge-l4",
            contributions: tuple[Contributor, ...] = sysfs.CONTRIBUTIONS,
            lower: Path | None = None,
        ) -> Shown:
            nonlocal count
            count += 1
            where = tmp_path / f"mount{count}"
            state = make_state(machine)
            surface = TreeSurface(
                "sysfs", contributions, where, lower=lower, file_size=PAGE, source="drawplate-test"
            )
            stack.callback(surface.stop)
            state.add_surface(surface)
            return Shown(state, where, surface)

        yield make


@pytest.fixture
def fixed() -> Callable[[Callable[[Tree], None]], Fixed]:
    return Fixed

"""Puts work into a node: the socket for programs, operations, and what load does to devices."""

from typing import TYPE_CHECKING

from drawplate.emulators import places
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.work.channel import Channel
from drawplate.emulators.work.load import Load
from drawplate.emulators.work.operations import WorkOperations
from drawplate.emulators.work.server import WorkServer
from drawplate.emulators.work.showing import forget
from drawplate.emulators.work.workshop import Workshop

if TYPE_CHECKING:
    from drawplate.emulators.node import Node

# The option of the node that sets the seed of jitter.
_SEED = "work.seed"


def attach(node: "Node") -> None:
    """Let programs work on the GPUs of `node`. Raises SetupProblem for a seed that is none."""
    seed = node.settings.options.get(_SEED, "0")
    if not seed.isdigit():
        raise SetupProblem(f"{_SEED}={seed} is no seed", cure=f"write {_SEED}=42")
    workshop = Workshop(node.state, int(seed))
    node.state.rules.append(workshop.follow)
    node.state.tickers.append(Load(workshop).tick)
    node.state.recoverers.append(forget)
    socket = node.settings.folder / places.WORK_SOCKET
    node.surfaces.append(WorkServer(workshop, socket))
    node.surfaces.append(Channel(node.settings.root, socket))
    operations = WorkOperations(workshop)
    node.state.tickers.append(operations.sweep)
    node.operations.update(operations.table())

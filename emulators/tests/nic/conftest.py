"""Nodes with network cards, in namespaces of their own: the machine's own are never touched."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.nic import namespaces, rdma, virtual_functions
from drawplate.emulators.nic.flapping import Flapping
from drawplate.emulators.nic.surface import Interfaces
from drawplate.emulators.state.model import State
from drawplate.emulators.tests.nic.lab import Cabled, Cards, Lab, Process, Processes


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    names = ("node", "pod-a", "pod-b")
    for name in names:
        namespaces.make_namespace(made.path(name))
    for name in names:
        made.run(name, "ip", "link", "set", "lo", "up")
    yield made
    for name in names:
        namespaces.drop_namespace(made.path(name))


@pytest.fixture
def cards() -> Cards:
    def make(machine: str = "nic-2xcx7", node: str = "node-1") -> State:
        state = State(place(load(machine), node))
        state.rules += [virtual_functions.follow, rdma.assign_numbers]
        state.recoverers.append(virtual_functions.follow)
        state.tickers.append(Flapping())
        with state.change("start"):
            pass
        return state

    return make


@pytest.fixture
def cabled(lab: Lab) -> Iterator[Cabled]:
    """Give interfaces to a state, in the namespace `node`; they end with the test."""
    started: list[tuple[State, Interfaces]] = []

    def start(state: State, owner: str = "owner", namespace: str = "node") -> Interfaces:
        surface = Interfaces(owner, lab.path(namespace), lab.path("cabling"))
        state.add_surface(surface)
        started.append((state, surface))
        return surface

    yield start
    for state, surface in reversed(started):
        if surface in state.surfaces:
            state.remove_surface(surface)


@pytest.fixture
def processes(lab: Lab, tmp_path: Path) -> Iterator[Processes]:
    """Start state processes of one node after another; the last is ended with the test."""
    made: list[Process] = []

    def start(machine: str = "nic-2xcx7", *options: str) -> Process:
        made.append(Process(lab, machine, tmp_path / "folder", options))
        made[-1].start()
        return made[-1]

    yield start
    for one in made:
        one.end()


@pytest.fixture(scope="session")
def netreader(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build a static program that asks ghw, netlink and rdmamap; Go keeps the modules."""
    made = tmp_path_factory.mktemp("go") / "netreader"
    source = Path(__file__).parent / "go"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}
    subprocess.run(["go", "build", "-o", made, "."], cwd=source, env=environment, check=True)
    return str(made)

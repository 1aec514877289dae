"""Metadata servers on free ports."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.metadata.server import MetadataServer
from drawplate.emulators.state.model import State
from drawplate.emulators.tests.metadata.cloud import Cloud, Clouds


@pytest.fixture
def clouds() -> Iterator[Clouds]:
    started: list[tuple[State, MetadataServer]] = []

    def start(machine: str, node: str = "node-1", provider: str = "") -> Cloud:
        state = State(place(load(machine), node))
        with state.change("test") as change:
            change.set("node", "cloud.provider", provider)
        server = MetadataServer("127.0.0.1", 0, lambda action: action())
        state.add_surface(server)
        started.append((state, server))
        return Cloud(state, *server.address)

    yield start
    for state, server in started:
        state.remove_surface(server)


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build a program that uses Google's own client; Go keeps the modules."""
    made = tmp_path_factory.mktemp("go") / "metadatareader"
    source = Path(__file__).parent / "go"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}
    subprocess.run(["go", "build", "-o", made, "."], cwd=source, env=environment, check=True)
    return str(made)

"""Small drivers that are Python scripts, each with a profile of its own."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from drawplate.conformance.bench.paths import BenchPaths
from drawplate.conformance.drivers.place import Place
from drawplate.conformance.drivers.process import DriverProcess
from drawplate.conformance.profile.load import load
from drawplate.conformance.profile.model import Profile
from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.provider import ClusterSpec
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.progress import silent

NAME = "gpu.acme.example"


class MakeProfile(Protocol):
    """Writes a profile with this `deploy.process` and other parts, and loads it."""

    def __call__(self, process: dict[str, Any] | None, **parts: Any) -> Profile: ...


class MakeDriver(Protocol):
    """Makes the driver that runs a script; `process` has further keys of deploy.process."""

    def __call__(self, script: str, /, *arguments: str, **process: Any) -> DriverProcess: ...


@pytest.fixture(scope="session")
def api() -> Iterator[KubeApi]:
    """Start a real API server; give an administrator's view of it."""
    spec = ClusterSpec(name=f"selftest-drivers-{os.getpid()}", bench=True)
    cluster = lifecycle.up(spec, silent(), owner_pid=os.getpid())
    try:
        client = KubeApi(cluster.kubeconfig)
        yield client
        client.close()
    finally:
        cluster.down()


@pytest.fixture
def profile_of(tmp_path: Path) -> MakeProfile:
    def make(process: dict[str, Any] | None, **parts: Any) -> Profile:
        data = {
            "apiVersion": "drawplate.dev/v1alpha1",
            "kind": "DriverProfile",
            "metadata": {"name": "acme"},
            "driver": {"name": NAME},
            "deploy": {"process": process} if process else {},
            **parts,
        }
        file = tmp_path / "acme.yaml"
        # JSON is YAML.
        file.write_text(json.dumps(data), encoding="utf-8")
        return load(str(file))

    return make


@pytest.fixture
def folders() -> Iterator[BenchPaths]:
    paths = BenchPaths.create()
    yield paths
    paths.remove()


@pytest.fixture
def place(folders: BenchPaths, tmp_path: Path) -> Place:
    return Place.on(folders, kubeconfig=tmp_path / "kubeconfig", node_name="node-1")


@pytest.fixture
def driver_of(profile_of: MakeProfile, place: Place, tmp_path: Path) -> Iterator[MakeDriver]:
    made: list[DriverProcess] = []

    def make(script: str, /, *arguments: str, **process: Any) -> DriverProcess:
        file = tmp_path / "driver.py"
        file.write_text(script, encoding="utf-8")
        profile = profile_of({"argv": ["{python}", str(file), *arguments], **process})
        made.append(DriverProcess(profile, place, log=tmp_path / "driver.log"))
        return made[-1]

    yield make
    for driver in made:
        driver.kill()


@pytest.fixture
def await_line(tmp_path: Path) -> Callable[[DriverProcess, str], str]:
    """Wait until a driver's log has a line that begins so, and give the rest of it."""
    from watchfiles import watch  # noqa: PLC0415 - only these tests need it

    def wait(driver: DriverProcess, start: str) -> str:
        changes = watch(
            driver.log.path.parent, rust_timeout=100, yield_on_timeout=True, debounce=50, step=10
        )
        for _ in changes:
            for line in driver.log.text().splitlines():
                if line.startswith(start):
                    return line.removeprefix(start)
            driver.require_alive()
        raise AssertionError("the watch ended")

    return wait

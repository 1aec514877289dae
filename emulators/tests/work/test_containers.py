"""A program in a container can use the devices whose nodes it was given, and no others."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.emulators.mig.instances import mig_devices
from drawplate.emulators.mig.lifecycle import (
    create_compute_instance,
    create_gpu_instance,
    require_geometry,
    set_mig_mode,
)
from drawplate.emulators.mig.minors import minor
from drawplate.emulators.tests.work.place import PATIENCE, Place
from drawplate.emulators.work.build import WORK, install

pytestmark = pytest.mark.root

# What a container runtime does, as far as it matters here: a mount namespace and a /dev of its own.
CONTAINER = """
mount --make-rprivate / && mount -t tmpfs none /dev && mkdir /dev/nvidia-caps || exit 99
for node in $NODES; do mknod /dev/${node%%:*} c 195 ${node##*:} || exit 99; done
exec "$@"
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(WORK, tmp_path_factory.mktemp("root"))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    found.state.remove_surface(found.server)


def contained(
    node: Place, program: Path, nodes: str, *words: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", CONTAINER, "sh", str(program), "1", *words],
        env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "NODES": nodes}
        | {"DRAWPLATE_WORK": str(node.path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode != 99, done.stderr
    return done


def test_the_device_that_was_given_is_the_default(node: Place, program: Path) -> None:
    done = contained(node, program, "nvidia5:5")
    opened = json.loads(done.stdout.splitlines()[0])
    assert done.returncode == 0
    assert opened["device"] == node.state.device("gpu5").spec.uuid


def test_a_device_that_was_not_given_is_refused(node: Place, program: Path) -> None:
    uuid = node.state.device("gpu1").spec.uuid
    done = contained(node, program, "nvidia5:5", "--device", uuid)
    assert done.returncode == 1
    assert "CUDA_ERROR_INVALID_DEVICE" in done.stdout
    assert node.state.device("gpu1")["processes"] == []


def test_without_any_device_there_is_none(node: Place, program: Path) -> None:
    done = contained(node, program, "")
    assert done.returncode == 1
    assert "CUDA_ERROR_NO_DEVICE" in done.stdout


def test_a_mig_device_needs_its_capabilities(node: Place, program: Path) -> None:
    gpu = node.state.device("gpu0")
    geometry = require_geometry(gpu)
    with node.state.change() as change:
        set_mig_mode(change, gpu, 1)
        profile = geometry.profile(0)
        assert profile is not None
        for _ in range(2):
            made = create_gpu_instance(change, gpu, profile.id)
            create_compute_instance(change, gpu, made.gi, profile.compute[0].profile)
    first, second = mig_devices(gpu)
    given = second.instance.gi, second.compute.ci
    caps = [minor(0, given[0]), minor(0, *given)]
    nodes = " ".join(["nvidia0:0", *(f"nvidia-caps/nvidia-cap{one}:{one}" for one in caps)])
    done = contained(node, program, nodes)
    assert json.loads(done.stdout.splitlines()[0])["device"] == second.compute.uuid
    refused = contained(node, program, nodes, "--device", first.compute.uuid)
    assert refused.returncode == 1

"""Monitors that know nothing of us show the machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from drawplate.emulators.tests.nvml.ground import Emulated

BIN = Path(sys.executable).parent


def show(node: Emulated, *command: str) -> str:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LD_LIBRARY_PATH": str(node.library.parent), "PYTHONWARNINGS": "ignore"},
    ).stdout


@pytest.fixture
def busy(node: Emulated) -> Emulated:
    """Let the second GPU work for this very process."""
    one = {"pid": os.getpid(), "name": "python", "type": "C", "used_mib": 2048, "sm": 40}
    node.set("gpu1", processes=[one], memory__used=2048, utilisation__gpu=42, temperature__gpu=61)
    return node


def test_gpustat_shows_the_machine(busy: Emulated) -> None:
    shown = json.loads(show(busy, str(BIN / "gpustat"), "--json"))["gpus"]

    assert [one["uuid"] for one in shown] == [one.spec.uuid for one in busy.state.devices("gpu")]
    assert {one["name"] for one in shown} == {"NVIDIA H100 80GB HBM3"}
    assert (shown[1]["utilization.gpu"], shown[1]["temperature.gpu"]) == (42, 61)
    assert [(it["pid"], it["gpu_memory_usage"]) for it in shown[1]["processes"]] == [
        (os.getpid(), 2048)
    ]
    assert shown[0]["memory.total"] == 81559


def test_nvitop_shows_the_machine(busy: Emulated) -> None:
    shown = show(busy, str(BIN / "nvitop"), "-1", "--ascii")

    assert "Driver Version: 580.95.05" in shown
    assert "CUDA Driver Version: 13.0" in shown
    for device in busy.state.devices("gpu"):
        assert f"0000{device.spec.address}".upper() in shown
    assert shown.count("H100 80GB HBM3") == 8
    assert "61C" in shown
    assert str(os.getpid()) in shown


@pytest.mark.slow
def test_go_nvml_sees_the_machine(busy: Emulated, tmp_path: Path) -> None:
    source = Path(__file__).parent / "go"
    program = tmp_path / "client"
    subprocess.run(
        ["go", "build", "-o", str(program), "."],
        cwd=source,
        check=True,
        capture_output=True,
        env={**os.environ, "CGO_ENABLED": "1", "GOFLAGS": "-mod=readonly"},
    )
    shown = json.loads(show(busy, str(program)))

    assert shown["driver"] == "580.95.05"
    assert [one["uuid"] for one in shown["devices"]] == [
        one.spec.uuid for one in busy.state.devices("gpu")
    ]
    assert {one["total"] for one in shown["devices"]} == {81559 << 20}
    assert shown["devices"][1]["processes"] == [os.getpid()]
    assert shown["mig"]["uuid"].startswith("MIG-")
    assert shown["mig"]["profile"] == 9
    assert shown["event"] == "ERROR_TIMEOUT"

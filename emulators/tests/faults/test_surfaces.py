"""Claims are seen, kernel lines are written, and what waits is done while time runs by itself."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drawplate.emulators.faults import calls
from drawplate.emulators.faults.claims import Claims, read
from drawplate.emulators.faults.kernel_log import FILE, KernelLog
from drawplate.emulators.faults.timers import Timers
from drawplate.emulators.state.change import Changes
from drawplate.emulators.state.clock import SystemClock
from drawplate.emulators.state.model import State
from drawplate.emulators.tests.faults.ground import Ground

PATIENCE = 20.0
CLAIM = "3f0a6b1e-5b5e-4c55-9f0b-0a1b2c3d4e5f"


class Seen:
    """Lets a test wait for what the state becomes."""

    name = "seen"

    def __init__(self) -> None:
        self.seen = 0
        self.moved = threading.Condition()

    def start(self, state: State) -> None:
        """Nothing to show."""

    def apply(self, changes: Changes) -> None:
        self.seen = changes.generation
        with self.moved:
            self.moved.notify_all()

    def stop(self) -> None:
        """Nothing was made."""

    def wait(self, so: Callable[[], bool]) -> None:
        with self.moved:
            assert self.moved.wait_for(so, PATIENCE)


@pytest.fixture
def seen(node: Ground) -> Iterator[Seen]:
    watcher = Seen()
    node.state.add_surface(watcher)
    yield watcher
    for surface in list(node.state.surfaces):
        node.state.remove_surface(surface)


def spec(*nodes: str, env: tuple[str, ...] = ()) -> dict[str, Any]:
    edits = {"deviceNodes": [{"path": node} for node in nodes], "env": list(env)}
    return {
        "cdiVersion": "0.6.0",
        "kind": "gpu.example.com/claim",
        "devices": [{"name": f"{CLAIM}-a", "containerEdits": edits}],
    }


def test_a_claim_is_read_with_the_devices_that_its_nodes_are(node: Ground, tmp_path: Path) -> None:
    path = tmp_path / f"gpu-claim_{CLAIM}.json"
    path.write_text(json.dumps(spec("/dev/nvidia2", "/dev/nvidiactl")))
    found = read(path, node.state)
    assert found is not None
    assert (found.claim, found.devices) == (CLAIM, ("gpu2",))


def test_a_claim_is_read_with_the_devices_that_it_names(node: Ground, tmp_path: Path) -> None:
    path = tmp_path / "claim.json"
    uuid, address = node.device("gpu1")["uuid"], node.device("gpu5").spec.address
    path.write_text(json.dumps(spec(env=(f"NVIDIA_VISIBLE_DEVICES={uuid}", f"PCI={address}"))))
    found = read(path, node.state)
    assert found is not None
    assert found.devices == ("gpu1", "gpu5")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"devices": [{"name": "all"}]}', "\udcff"])
def test_what_is_no_claim_is_passed_over(node: Ground, tmp_path: Path, text: str) -> None:
    path = tmp_path / "base.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    assert read(path, node.state) is None


def test_a_fault_happens_when_a_claim_is_prepared(node: Ground, seen: Seen, tmp_path: Path) -> None:
    node.fault("gpu2 xid=79 on=claim-prepared")
    node.state.add_surface(Claims(tmp_path))
    part = tmp_path / "part"
    part.write_text(json.dumps(spec("/dev/nvidia2")))
    path = part.rename(tmp_path / f"claim_{CLAIM}.json")
    seen.wait(lambda: bool(node.device("gpu2")["lost"]))
    path.unlink()
    seen.wait(lambda: bool(node.events("claim-unprepared")))
    assert node.events("claim-prepared")[0]["claim"] == CLAIM


def test_a_fault_waits_and_heals_while_time_runs(seen: Seen, node: Ground) -> None:
    node.state.clock = SystemClock()
    node.state.add_surface(Timers())
    node.fault("gpu0 lost at=+50ms for=50ms")
    seen.wait(lambda: bool(node.events("fault")))
    seen.wait(lambda: bool(node.events("heal")))
    assert not node.device("gpu0")["lost"]


def test_the_call_that_is_waited_for_is_already_answered_by_the_fault(node: Ground) -> None:
    node.fault("gpu3 xid=79 on=nvml:DeviceGetTemperature after=2")
    [rule] = node.state.call_rules
    assert calls.is_awaited(rule)
    calls.tell(node.state, rule, "gpu3")
    assert node.device("gpu3")["lost"]


def test_rules_that_answer_are_not_waited_for(node: Ground) -> None:
    node.fault("gpu3 call result=TIMEOUT count=1")
    node.fault("gpu3 slow=1s")
    assert not any(calls.is_awaited(rule) for rule in node.state.call_rules)


def test_kernel_lines_are_written_for_monitors(node: Ground, seen: Seen, tmp_path: Path) -> None:
    kmsg = tmp_path / "kmsg"
    kmsg.touch()
    node.state.add_surface(KernelLog(tmp_path, kmsg))
    node.fault("gpu0 xid=79")
    [line] = (tmp_path / FILE).read_text().splitlines()
    slot = node.device("gpu0").spec.address.partition(".")[0]
    assert f"NVRM: Xid (PCI:{slot}): 79, " in line
    assert kmsg.read_text().startswith("<4>NVRM: Xid")

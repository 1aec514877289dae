"""What the pages tell of processes: with the id that each has in its own namespace."""

import re
from pathlib import Path
from typing import Any

from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State

# Outside MIG: nvml.h, nvmlProcessInfo_t.
_NONE = 0xFFFFFFFF
_KINDS = {"C": 1, "G": 2, "C+G": 3}
_MOST, _MOST_MPS, _MOST_ACCOUNTS = 96, 32, 64
_MIB = 1 << 20


def processes(_state: State, device: Device) -> list[dict[str, int]]:
    """Give the programs on the device."""
    return [_process(one) for one in device["processes"][:_MOST]]


def processes_count(_state: State, device: Device) -> int:
    """Count them."""
    return min(len(device["processes"]), _MOST)


def mps(_state: State, device: Device) -> list[dict[str, int]]:
    """Give the programs that run through MPS."""
    return [_process(one) for one in device["mps"][:_MOST_MPS]]


def mps_count(_state: State, device: Device) -> int:
    """Count them."""
    return min(len(device["mps"]), _MOST_MPS)


def accounts(_state: State, device: Device) -> list[dict[str, int]]:
    """Give the accounts that the driver keeps."""
    return [
        {
            "pid": int(one["pid"]),
            "gpu": int(one.get("gpu", 0)),
            "memory": int(one.get("memory", 0)),
            "running": int(one.get("running", False)),
            "most": int(one.get("most_mib", 0)) * _MIB,
            "milliseconds": int(one.get("milliseconds", 0)),
            "start": int(one.get("start", 0)),
        }
        for one in device["accounting.records"][:_MOST_ACCOUNTS]
    ]


def accounts_count(_state: State, device: Device) -> int:
    """Count them."""
    return min(len(device["accounting.records"]), _MOST_ACCOUNTS)


def namespace_of(process: int | str) -> int:
    """Give the number of a process's PID namespace; 0 when it is gone or may not be looked at."""
    try:
        match = re.search(r"\d+", str(Path(f"/proc/{process}/ns/pid").readlink()))
    except OSError:
        return 0
    return int(match.group()) if match else 0


def _process(one: dict[str, Any]) -> dict[str, int]:
    pid = int(one["pid"])
    return {
        "pid": pid,
        "inner_pid": _inner_pid(pid),
        "namespace": namespace_of(pid),
        "used": int(one.get("used_mib", 0)) * _MIB,
        "kind": _KINDS.get(one.get("type", "C"), 1),
        "gi": _NONE if one.get("gi") is None else int(one["gi"]),
        "ci": _NONE if one.get("ci") is None else int(one["ci"]),
        "sm": int(one.get("sm") or 0),
        "mem": int(one.get("mem") or 0),
        "enc": int(one.get("enc") or 0),
        "dec": int(one.get("dec") or 0),
    }


def _inner_pid(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    match = re.search(r"^NSpid:.*?(\d+)\s*$", status, re.MULTILINE)
    return int(match.group(1)) if match else pid

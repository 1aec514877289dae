"""Shows the work on a device in its state: processes, memory in use, and accounts."""

from typing import Any

from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import Device
from drawplate.emulators.work.board import Board
from drawplate.emulators.work.contexts import Context

# Marks what is ours in lists that may have entries of other makers.
MARK = "work"

# Accounts that a driver keeps (nvmlDeviceGetAccountingBufferSize).
_KEPT_ACCOUNTS = 4000


def show(change: Change, board: Board) -> None:
    """Let the device tell of the programs that have it open."""
    device = board.device
    before = _ours(device, "processes") + _ours(device, "mps")
    through_mps = [one for one in board.contexts.values() if one.opening.mps]
    others = [one for one in board.contexts.values() if not one.opening.mps]
    _put(change, device, "processes", _entries(board, others))
    _put(change, device, "mps", _entries(board, through_mps))
    if "memory.used" in device:
        now = sum(board.used(one) for one in board.contexts.values())
        foreign = device["memory.used"] - sum(one["used_mib"] for one in before)
        change.set(device, "memory.used", max(0, foreign) + now)


def forget(change: Change) -> None:
    """Take away what a process that died has shown: its work went with it."""
    for device in change.state.devices(absent=True):
        before = _ours(device, "processes") + _ours(device, "mps")
        if before:
            used = sum(one["used_mib"] for one in before)
            change.set(device, "memory.used", max(0, device["memory.used"] - used))
        for key in ("processes", "mps"):
            _put(change, device, key, [])


def account(change: Change, board: Board, context: Context, now: int, *, runs: bool) -> None:
    """Write the account of a program, where the driver keeps accounts."""
    device = board.device
    if not device.values.get("accounting.mode"):
        return
    lifetime = max(1, now - context.opened)
    record = {
        "pid": context.opening.pid,
        "gpu": min(100, 100 * context.ran // lifetime),
        "memory": min(100, 100 * context.most // max(1, context.partition.memory)),
        "most_mib": context.most,
        "milliseconds": lifetime // 1_000_000,
        "start": context.since,
        "running": runs,
        MARK: context.id,
    }
    others = [one for one in device["accounting.records"] if one.get(MARK) != context.id]
    change.set(device, "accounting.records", [*others, record][-_KEPT_ACCOUNTS:])


def _ours(device: Device, key: str) -> list[dict[str, Any]]:
    return [one for one in device[key] if one.get(MARK)] if key in device else []


def _put(change: Change, device: Device, key: str, entries: list[dict[str, Any]]) -> None:
    if key in device:
        foreign = [one for one in device[key] if not one.get(MARK)]
        change.set(device, key, [*foreign, *entries])


def _entries(board: Board, contexts: list[Context]) -> list[dict[str, Any]]:
    """Give one entry for each process and instance, as NVML lists them."""
    found: dict[tuple[int, int, int], dict[str, Any]] = {}
    for one in contexts:
        place = (one.opening.pid, one.partition.gi, one.partition.ci)
        entry = found.setdefault(
            place,
            {
                "pid": one.opening.pid,
                "name": one.opening.name,
                "type": "C",
                "used_mib": 0,
                "gi": one.partition.gi,
                "ci": one.partition.ci,
                "sm": 0,
                "mem": 0,
                "enc": 0,
                "dec": 0,
                MARK: True,
            },
        )
        entry["used_mib"] += board.used(one)
        entry["sm"] = min(100, entry["sm"] + one.load)
        entry["mem"] = entry["sm"] // 2
    return list(found.values())

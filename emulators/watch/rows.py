"""What is shown of each device, the same in the terminal and in the browser."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drawplate.emulators.watch.board import Board, Seen

_MIB_PER_GIB = 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One device in words and numbers; what it does not have is None.

    `condition` is one of: fine, fault, lost, absent. `memory` is used and total in MiB.
    """

    name: str
    product: str
    condition: str
    faults: tuple[str, ...]
    utilisation: int | None
    history: tuple[int, ...]
    memory: tuple[int, int] | None
    temperature: int | None
    watts: float | None
    detail: str
    processes: tuple[str, ...]
    holder: str
    address: str
    identity: str


def rows(board: Board, holders: Mapping[str, str]) -> list[Row]:
    """Give the rows of a node; `holders` says of devices, by UUID or address, who holds them."""
    faults = board.faults
    return [
        _row(seen, tuple(faults.get(name, ())), _holder(seen, holders))
        for name, seen in board.devices.items()
        if seen.about
    ]


def _row(seen: Seen, faults: tuple[str, ...], holder: str) -> Row:
    values = seen.values
    total = values.get("memory.total") or 0
    watts = values.get("power.usage")
    return Row(
        name=seen.name,
        product=str(seen.about.get("product", "")),
        condition=_condition(seen, faults),
        faults=faults,
        utilisation=values.get("utilisation.gpu"),
        history=tuple(seen.history),
        memory=(values.get("memory.used", 0), total) if total else None,
        temperature=values.get("temperature.gpu"),
        watts=watts / 1000 if watts is not None else None,
        detail=_detail(seen),
        processes=tuple(_process(one) for one in values.get("processes") or ()),
        holder=holder,
        address=str(seen.about.get("address", "")),
        identity=str(seen.about.get("uuid", "")),
    )


def _holder(seen: Seen, holders: Mapping[str, str]) -> str:
    names = (seen.about.get("uuid", ""), seen.about.get("address", ""))
    return next((holders[name] for name in names if name in holders), "")


def _condition(seen: Seen, faults: tuple[str, ...]) -> str:
    if not seen.present:
        return "absent"
    if seen.values.get("lost"):
        return "lost"
    return "fault" if faults else "fine"


def _detail(seen: Seen) -> str:
    values = seen.values
    parts = [f"MIG {one.get('gi')}" for one in values.get("mig.instances") or ()]
    if "netdev.operstate" in values:
        parts += [str(values.get("netdev.name", "")), str(values["netdev.operstate"])]
    if seen.about.get("parent"):
        parts.append(f"VF of {seen.about['parent']}")
    return " ".join(part for part in parts if part)


def _process(one: Mapping[str, Any]) -> str:
    used = one.get("used_mib", 0)
    return f"{one.get('name', '?')} ({one.get('pid', '?')}), {used / _MIB_PER_GIB:.1f} GiB"

"""The memory nodes, roots and switches of the node that is recorded, as a machine file has them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from drawplate.emulators.machine.record.functions import Function, text_of


def memory_nodes(sysfs: Path) -> dict[str, Any]:
    """Give the memory nodes: Linux Documentation/ABI/stable/sysfs-devices-node."""
    folders = sorted(
        (sysfs / "devices/system/node").glob("node[0-9]*"), key=lambda one: int(one.name[4:])
    )
    if not folders:
        online = text_of(sysfs / "devices/system/cpu/online")
        return {"nodes": 1, **({"cpus": [online]} if online else {})}
    distance = [[int(one) for one in text_of(each / "distance").split()] for each in folders]
    found: dict[str, Any] = {"nodes": len(folders)}
    found["cpus"] = [text_of(each / "cpulist") for each in folders]
    if all(len(row) == len(folders) for row in distance):
        found["distance"] = distance
    return found


def roots_of(devices: Iterable[Function], known: Mapping[str, Function]) -> list[dict[str, Any]]:
    """Give the roots that have one of `devices` below them; `known` are all functions."""
    below: dict[str, list[Function]] = {}
    for one in devices:
        below.setdefault(one.root, []).append(one)
    return [_root(name, below[name], known) for name in sorted(below)]


def _root(name: str, below: list[Function], known: Mapping[str, Function]) -> dict[str, Any]:
    root: dict[str, Any] = {"root": name}
    numa = below[0].number("numa_node", -1)
    if numa >= 0:
        root["numa"] = numa
    paths = sorted(((*_whole(one.bridges), one.address) for one in below), key=_buses)
    ports = list(dict.fromkeys(path[0] for path in paths if len(path) > 1))
    if ports:
        ids = [known[port].vendor_device for port in ports if port in known]
        root["id"] = ids[0] if ids else "0000:0000"
        root["ports"] = ports
    switches = list(dict.fromkeys(one for path in paths for one in path[1:-1:2]))
    if switches:
        root["switches"] = [_switch(one, paths, known) for one in switches]
    return root


def _whole(bridges: tuple[str, ...]) -> tuple[str, ...]:
    # A root port, and two ports of each switch: another bridge would be one to older buses.
    return bridges if len(bridges) % 2 else bridges[:-1]


def _buses(path: tuple[str, ...]) -> list[str]:
    # The order in which the kernel numbers buses; the root port itself says nothing of it.
    return [address[5:7] for address in path[1:]]


def _switch(
    address: str, paths: list[tuple[str, ...]], known: Mapping[str, Function]
) -> dict[str, Any]:
    through = [path for path in paths if address in path]
    function = known.get(address)
    return {
        "bdf": address,
        "id": function.vendor_device if function else "0000:0000",
        "ports": list(dict.fromkeys(path[path.index(address) + 1] for path in through)),
        "last_bus": max(path[-1][5:7] for path in through),
    }

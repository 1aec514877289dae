"""Device nodes of RDMA: /dev/infiniband/uverbsN, umadN, issmN and rdma_cm.

drivers/infiniband/core/{uverbs_main,user_mad,ucma}.c: the major 231 has umad from minor 0, issm
from 64 and uverbs from 192; rdma_cm is a misc device.
"""

import functools
from collections.abc import Iterator
from pathlib import Path

from drawplate.emulators.devices import numbers
from drawplate.emulators.devices.node_plan import NodePlan
from drawplate.emulators.nic import rdma
from drawplate.emulators.state.model import State

STRUCTURE = rdma.STRUCTURE

UMAD, ISSM, UVERBS = 0, 64, 192
_MAJOR = 231
_MISC = Path("/proc/misc")
# Below the range from which dynamic majors of other emulated drivers are taken.
_OTHER_MAJORS = range(383, 256, -1)
# Misc devices without a fixed minor have one from 63 downwards.
_MISC_MINORS = range(58, 0, -1)


@functools.cache
def major() -> int:
    """Give the major number: another where this machine has RDMA devices of its own."""
    taken = {number for number, _ in numbers.real_drivers(numbers.real_text())}
    wished: list[int] = [_MAJOR, *_OTHER_MAJORS]
    return next(number for number in wished if number not in taken)


@functools.cache
def rdma_cm_minor() -> int:
    """Give the minor of rdma_cm among the misc devices, one that this machine does not use."""
    rows = _MISC.read_text(encoding="utf-8").splitlines() if _MISC.exists() else []
    taken = {int(row.split()[0]) for row in rows}
    return next(number for number in _MISC_MINORS if number not in taken)


def nodes(state: State) -> Iterator[NodePlan]:
    """Give the nodes of all RDMA devices."""
    devices = rdma.devices(state)
    for device in devices:
        number = rdma.number(device)
        yield _node(f"uverbs{number}", UVERBS + number, device.name)
        yield _node(f"umad{number}", UMAD + number, device.name, 0o600)
        if not rdma.is_ethernet(device):
            yield _node(f"issm{number}", ISSM + number, device.name, 0o600)
    if devices:
        yield NodePlan("infiniband/rdma_cm", numbers.here()[numbers.MISC], rdma_cm_minor())


def _node(name: str, minor: int, device: str, mode: int = 0o666) -> NodePlan:
    return NodePlan(f"infiniband/{name}", major(), minor, mode, device=device)

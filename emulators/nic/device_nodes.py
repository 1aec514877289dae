"""Device nodes of RDMA: /dev/infiniband/uverbsN, umadN, issmN and rdma_cm.

drivers/infiniband/core/{uverbs_main,user_mad,ucma}.c: the major 231 has umad from minor 0, issm
from 64 and uverbs from 192; rdma_cm is a misc device.
"""

from collections.abc import Iterator

from drawplate.emulators.devices import numbers
from drawplate.emulators.devices.node_plan import NodePlan
from drawplate.emulators.nic import rdma
from drawplate.emulators.state.model import State

STRUCTURE = rdma.STRUCTURE

MAJOR = 231
UMAD, ISSM, UVERBS = 0, 64, 192
# A misc device with a minor of the dynamic range (0 to 63 are given out from above).
RDMA_CM = 58


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
        yield NodePlan("infiniband/rdma_cm", numbers.here()[numbers.MISC], RDMA_CM)


def _node(name: str, minor: int, device: str, mode: int = 0o666) -> NodePlan:
    return NodePlan(f"infiniband/{name}", MAJOR, minor, mode, device=device)

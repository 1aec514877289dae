"""The slice that a node's TPU chips are part of: its shape, its hosts, and which of them this is."""

import math
import re
from dataclasses import dataclass
from ipaddress import IPv4Address

from drawplate.emulators.machine.fabric import host_bounds
from drawplate.emulators.machine.placed import NodeSpec
from drawplate.emulators.machine.profiles import Profile
from drawplate.emulators.machine.sections.tpu import Tpu
from drawplate.emulators.state.device import NODE
from drawplate.emulators.state.model import State

# Where the addresses of workers begin that no file names: RFC 2544 keeps them for test networks.
_FIRST_WORKER = IPv4Address("198.18.0.10")
# A dimension of this size is always closed to a ring on the generations with two dimensions.
_FULL_RING = 16
_CUBE = 4


@dataclass(frozen=True, slots=True)
class Slice:
    """The slice, as one of its hosts sees it. `None` where the node has no TPU: see `of`."""

    profile: Profile
    section: Tpu
    # Chips on this host, along each dimension, and in the whole slice.
    chips_here: int
    per_host: tuple[int, ...]
    dimensions: tuple[int, ...]
    worker: int
    hostnames: tuple[str, ...]
    addresses: tuple[str, ...]
    accelerator_type: str
    resilient: bool

    @property
    def topology(self) -> str:
        """The shape, `2x2x1`."""
        return "x".join(map(str, self.dimensions))

    @property
    def hosts(self) -> tuple[int, ...]:
        """Hosts along each dimension."""
        pairs = zip(self.dimensions, self.per_host, strict=True)
        return tuple(max(1, whole // here) for whole, here in pairs)

    @property
    def is_multi_host(self) -> bool:
        """Whether there are other hosts."""
        return math.prod(self.hosts) > 1

    @property
    def wrap(self) -> tuple[bool, ...]:
        """Which dimensions are rings."""
        if self.section.wrap == "each-16":
            return tuple(size == _FULL_RING for size in self.dimensions)
        closed = all(size >= _CUBE for size in self.dimensions)
        return tuple(closed for _ in self.dimensions)


def of(state: State) -> Slice | None:
    """Give the slice of a node as it is now; None without TPUs."""
    chips = state.devices(family="tpu", absent=True)
    section = chips[0].spec.profile.tpu if chips else None
    if section is None:
        return None
    profile = chips[0].spec.profile
    count, dimensions = len(chips), _dimensions(state, len(chips), profile)
    per_host = host_bounds(count, len(dimensions)) or dimensions
    hosts = max(1, math.prod(dimensions) // max(1, count))
    cloud = state.node.machine.cloud
    return Slice(
        profile=profile,
        section=section,
        chips_here=count,
        per_host=per_host,
        dimensions=dimensions,
        worker=_worker(state),
        hostnames=_listed(cloud.get("worker_hostnames", "")) or _names(state.node, hosts),
        addresses=_listed(cloud.get("worker_addresses", "")) or _addresses(hosts),
        accelerator_type=cloud.get("accelerator_type") or _type(section, math.prod(dimensions)),
        resilient=_resilient(state, dimensions),
    )


def axes(values: tuple[object, ...], filler: object) -> str:
    """Write one value for each of three axes, `2,2,1`, as the runtime's variables have them."""
    padded = (*values, *[filler] * (3 - len(values)))
    return ",".join(str(value).lower() for value in padded)


def _dimensions(state: State, count: int, profile: Profile) -> tuple[int, ...]:
    said, ici = str(state.device(NODE)["tpu.topology"]), state.node.machine.fabric.ici
    if said and re.fullmatch(r"\d+(x\d+)*", said):
        return tuple(int(size) for size in said.split("x"))
    if ici is not None:
        return ici.dimensions
    return host_bounds(count, profile.ici_dimensions or 2) or (count, 1)


def _worker(state: State) -> int:
    said, ici = int(state.device(NODE)["tpu.worker"]), state.node.machine.fabric.ici
    if said >= 0:
        return said
    return ici.worker if ici else 0


def _resilient(state: State, dimensions: tuple[int, ...]) -> bool:
    said, ici = str(state.device(NODE)["tpu.resilient"]), state.node.machine.fabric.ici
    if said:
        return said == "true"
    # Optical switches can route around links of whole cubes only.
    cubes = len(dimensions) > 2 and all(size % _CUBE == 0 for size in dimensions)  # noqa: PLR2004
    return cubes or bool(ici and ici.resilient)


def _type(section: Tpu, chips: int) -> str:
    number = chips * section.cores if section.type_counts == "cores" else chips
    return f"{section.type_prefix}-{number}"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _names(node: NodeSpec, hosts: int) -> tuple[str, ...]:
    if hosts == 1:
        return (node.node,)
    # Cloud TPU's hosts are called `<slice>-w-<number>`.
    stem = re.sub(r"-w-\d+$|-?\d+$", "", node.node) or node.node
    return tuple(f"{stem}-w-{number}" for number in range(hosts))


def _addresses(hosts: int) -> tuple[str, ...]:
    return tuple(str(_FIRST_WORKER + number) for number in range(hosts))

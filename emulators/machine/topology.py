"""The node around its devices: memory nodes, PCIe roots and the switches below them."""

from typing import Annotated

from pydantic import Field, model_validator

from drawplate.emulators.located import Part, require, written
from drawplate.emulators.machine.addresses import Address, Ids

MOST_CPUS = 4096
# ACPI 6.5, 5.2.17 (SLIT): a node is 10 from itself, others are farther; 255 is unreachable.
_NEAREST, _FARTHEST = 10, 254
CpuList = Annotated[str, written(r"(\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*)?", "0-55,112-167")]


class Numa(Part):
    """The memory nodes, the processors of each, and the distances that firmware reports."""

    nodes: int = Field(ge=1, le=64)
    cpus: tuple[CpuList, ...] = ()
    distance: tuple[tuple[int, ...], ...] = ()
    # Per node; none means that nothing is said of the real node's memory.
    memory_mib: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _one_entry_per_node(self) -> "Numa":
        rows = {"cpus": self.cpus, "distance": self.distance, "memory_mib": self.memory_mib}
        for name, entries in rows.items():
            require(
                not entries or len(entries) == self.nodes,
                f"{name} has {len(entries)} entries for {self.nodes} nodes",
                f"give {self.nodes} entries, one per node, or leave {name} out",
                key=name,
            )
        return self

    @model_validator(mode="after")
    def _each_cpu_has_one_node(self) -> "Numa":
        owner: dict[int, int] = {}
        for node, text in enumerate(self.cpus):
            for cpu in cpu_numbers(text):
                require(
                    owner.setdefault(cpu, node) == node,
                    f"processor {cpu} is on the memory nodes {owner[cpu]} and {node}",
                    "give each processor to one node",
                    key="cpus",
                )
        return self

    @model_validator(mode="after")
    def _distances_are_right(self) -> "Numa":
        for here, row in enumerate(self.distance):
            require(
                len(row) == self.nodes,
                f"row {here} of distance has {len(row)} numbers for {self.nodes} nodes",
                f"give {self.nodes} numbers in each row",
                key="distance",
            )
        for here, row in enumerate(self.distance):
            for there, distance in enumerate(row):
                self._check_distance(here, there, distance)
        return self

    def _check_distance(self, here: int, there: int, distance: int) -> None:
        back = self.distance[there][here]
        require(
            distance == back,
            f"node {there} is {distance} from node {here}, but {here} is {back} from {there}",
            "write the same number both ways",
            key="distance",
        )
        fine = (_NEAREST,) if here == there else range(_NEAREST + 1, _FARTHEST + 1)
        require(
            distance in fine,
            f"the distance from node {here} to node {there} is {distance}",
            "write 10 from a node to itself, and 11 to 254 to another",
            key="distance",
        )


class Switch(Part):
    """A PCIe switch below a root: its upstream port, its ids, its downstream ports.

    It owns the buses from its own to `last_bus`, which is the one before the next switch unless
    it is given. The ports lead, in their order, to the buses below that have something on them.
    """

    bdf: Address
    id: Ids
    ports: tuple[Address, ...] = ()
    last_bus: Annotated[str, written(r"[0-9a-f]{2}", "1f")] | None = None


class Root(Part):
    """A PCIe root complex; it owns the buses from its own number up to the next root's.

    Its root ports are derived, `BUS:01.0` and so on, one per bus that has something on it,
    unless `ports` gives their addresses.
    """

    root: Annotated[str, written(r"pci[0-9a-f]{4}:[0-9a-f]{2}", "pci0000:17")]
    numa: int | None = Field(default=None, ge=0)
    # The root ports' own number: of the processor's maker.
    id: Ids = "8086:352a"
    ports: tuple[Address, ...] = ()
    switches: tuple[Switch, ...] = ()

    @property
    def first_bus(self) -> str:
        """The domain and the first bus, `0000:17`."""
        return self.root.removeprefix("pci")


def cpu_numbers(text: str) -> list[int]:
    """Give the numbers of a list as the kernel writes it, `0-3,8`. Raises at an impossible one."""
    numbers: list[int] = []
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        span = range(int(first), int(last or first) + 1)
        require(
            span and span.stop <= MOST_CPUS,
            f"{part!r} is no range of processors",
            f"write `first-last` with numbers below {MOST_CPUS}",
            key="cpus",
        )
        numbers.extend(span)
    return numbers

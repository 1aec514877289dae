"""What a picture of a machine shows, before anything is drawn: boxes in boxes, and the fabric."""

from dataclasses import dataclass

from drawplate.emulators.machine.fabric import host_bounds
from drawplate.emulators.machine.pci_tree import Bridge
from drawplate.emulators.machine.placed import DeviceSpec, NodeSpec
from drawplate.emulators.machine.words import link_in_words, network_in_words, range_in_words


@dataclass(frozen=True, slots=True)
class Card:
    """One device."""

    name: str
    family: str
    product: str
    address: str
    link: str
    network: str
    plugged: bool
    # Whether the fabric connects it.
    connected: bool

    @property
    def lines(self) -> tuple[str, ...]:
        """What stands below the name."""
        place = self.link if self.plugged else "unplugged"
        return tuple(
            line for line in (self.product, f"{self.address}, {place}", self.network) if line
        )


@dataclass(frozen=True, slots=True)
class Branch:
    """A PCIe root or a switch, with what is below it."""

    title: str
    branches: tuple["Branch", ...]
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory node with its processors and roots; the last may be `no memory node`."""

    title: str
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A fabric beside PCIe. `grid` has the names of TPU chips in rows, as they lie on this host."""

    title: str
    grid: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """One machine."""

    title: str
    about: str
    memories: tuple[Memory, ...]
    links: tuple[Link, ...]


def scene_of(node: NodeSpec) -> Scene:
    """Give what to draw of a node."""
    machine = node.machine
    memories = [
        Memory(_memory_title(node, number), _roots(node, number))
        for number in range(machine.numa.nodes)
    ]
    if homeless := _roots(node, None):
        memories.append(Memory("no memory node", homeless))
    return Scene(machine.machine, machine.about, tuple(memories), tuple(_links(node)))


def _memory_title(node: NodeSpec, number: int) -> str:
    cpus = node.machine.numa.cpus
    return f"NUMA {number}" + (f", processors {cpus[number]}" if cpus else "")


def _roots(node: NodeSpec, number: int | None) -> tuple[Branch, ...]:
    return tuple(
        _branch(node, root.root, root.root, ()) for root in node.machine.pci if root.numa == number
    )


def _branch(node: NodeSpec, title: str, root: str, above: tuple[str, ...]) -> Branch:
    """Give what is directly below a root or a switch: ports belong to their device or switch."""
    switches = [
        bridge
        for bridge in node.bridges
        if bridge.kind == "upstream" and bridge.pcie_root == root and _parent(node, bridge) == above
    ]
    cards = tuple(
        _card(node, device)
        for device in node.devices
        if device.parent is None
        and device.pcie_root == root
        and _switches(node, device.bridges) == above
    )
    below = tuple(
        _branch(node, f"switch {one.address}, {one.id}", root, (*above, one.address))
        for one in switches
    )
    return Branch(title, below, cards)


def _parent(node: NodeSpec, bridge: Bridge) -> tuple[str, ...]:
    return _switches(node, bridge.above)


def _switches(node: NodeSpec, path: tuple[str, ...]) -> tuple[str, ...]:
    kinds = {bridge.address: bridge.kind for bridge in node.bridges}
    return tuple(address for address in path if kinds[address] == "upstream")


def _card(node: NodeSpec, device: DeviceSpec) -> Card:
    return Card(
        name=device.name,
        family=device.family,
        product=device.profile.product,
        address=device.address,
        link=link_in_words(device),
        network=network_in_words(device),
        plugged=device.plugged,
        connected=_connected(node, device),
    )


def _connected(node: NodeSpec, device: DeviceSpec) -> bool:
    fabric = node.machine.fabric
    if device.kind == "tpu":
        return fabric.ici is not None
    return device.kind == "nvidia-gpu" and fabric.nvlink != "none"


def _links(node: NodeSpec) -> list[Link]:
    fabric = node.machine.fabric
    links = []
    members = [one for one in node.devices if _connected(node, one) and one.parent is None]
    gpus = [one.name for one in members if one.family == "gpu"]
    chips = [one.name for one in members if one.family == "tpu"]
    if gpus:
        how = {"all-to-all": "each with each", "pairs": "in pairs"}[fabric.nvlink]
        domain = "" if fabric.cluster_uuid is None else f", a domain of clique {fabric.clique}"
        links.append(Link(f"NVLink: {range_in_words(gpus)}, {how}{domain}"))
    if chips and fabric.ici:
        ici = fabric.ici
        hosts = ici.chips // len(chips)
        rest = f", host {ici.worker} of {hosts}" if hosts > 1 else ""
        title = f"ICI: {range_in_words(chips)} in a slice of {ici.topology}{rest}"
        width = (host_bounds(len(chips), len(ici.dimensions)) or (1,))[1]
        rows = tuple(tuple(chips[at : at + width]) for at in range(0, len(chips), width))
        links.append(Link(title, rows if len(chips) > 1 else ()))
    return links

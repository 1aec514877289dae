"""The RDMA devices of a node's cards: which there are, their numbers, and the state of their port."""

from dataclasses import dataclass

from drawplate.emulators.nic import identity
from drawplate.emulators.nic.plan import is_driven
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import NODE, Device
from drawplate.emulators.state.model import State

# ib_verbs.h: enum ib_port_state and ib_port_phys_state as sysfs writes them.
PORT_STATES = {1: "DOWN", 2: "INIT", 3: "ARMED", 4: "ACTIVE"}
_DOWN = 1
_LINK_UP, _DISABLED = "5: LinkUp", "3: Disabled"

# Keys whose changes make RDMA devices come or go.
STRUCTURE = frozenset({"rdma.present", "rdma.number", "rdma.netns_mode", "pci.driver", "lost"})


@dataclass(frozen=True, slots=True)
class Gid:
    """One entry of a port's table."""

    gid: str
    type: str
    interface: str


def devices(state: State) -> list[Device]:
    """Give the cards that have an RDMA device now, by its number."""
    found = [one for one in state.devices(family="nic") if _has_device(one)]
    if state.device(NODE)["rdma.netns_mode"] == "exclusive":
        found = [one for one in found if one["netdev.where"] != "elsewhere"]
    return sorted(found, key=number)


def name(device: Device) -> str:
    """Give the RDMA device's name, `mlx5_0`."""
    return str(device.spec.options["rdma"]["name"])


def number(device: Device) -> int:
    """Give the number of its device nodes."""
    known = int(device["rdma.number"])
    return known if known >= 0 else device.spec.index


def is_ethernet(device: Device) -> bool:
    """Tell whether it is RoCE, and not InfiniBand."""
    return bool(device.spec.options["rdma"]["link_layer"] == "Ethernet")


def assign_numbers(change: Change) -> None:
    """Give every new RDMA device the lowest free number, as the kernel does: a rule."""
    cards = change.state.devices(family="nic", absent=True)
    there = [one for one in cards if _has_device(one)]
    for one in cards:
        if one not in there and one["rdma.number"] >= 0:
            change.set(one, "rdma.number", -1)
    taken = {int(one["rdma.number"]) for one in there}
    for one in there:
        if one["rdma.number"] < 0:
            free = next(it for it in range(len(there) + 1) if it not in taken)
            taken.add(free)
            change.set(one, "rdma.number", free)


def port_state(device: Device) -> str:
    """Give the content of ports/1/state."""
    state = int(device["rdma.state"]) if _has_signal(device) else _DOWN
    return f"{state}: {PORT_STATES[state]}"


def physical_state(device: Device) -> str:
    """Give the content of ports/1/phys_state."""
    return _LINK_UP if _has_signal(device) and device["rdma.state"] != _DOWN else _DISABLED


def gids(device: Device) -> list[Gid]:
    """Give the table of GIDs as far as it is filled: two of each address, for RoCE v1 and v2."""
    if not device["rdma.gids_ready"]:
        return []
    mac = identity.mac_address(device)
    if not is_ethernet(device):
        return [Gid(f"fe80:0000:0000:0000:{identity.guid(mac)}", "IB/RoCE v1", "")]
    addresses = device.spec.options.get("netdev", {}).get("addresses", ())
    plain = [address.partition("/")[0] for address in addresses]
    return [
        Gid(gid, kind, identity.interface_name(device))
        for gid in [identity.link_local_gid(mac), *map(identity.gid_of_address, plain)]
        for kind in ("IB/RoCE v1", "RoCE v2")
    ]


def gid_at(device: Device, index: int) -> Gid:
    """Give an entry of the table.

    Raises Refused(INVALID) for an empty one, as the attributes of such GIDs do when they are read.
    """
    table = gids(device)
    if index >= len(table):
        raise Refused(Reason.INVALID, f"GID {index} of {name(device)} is empty")
    return table[index]


def _has_device(device: Device) -> bool:
    has = "rdma" in device.spec.options and device["rdma.present"]
    return bool(has) and device.present and is_driven(device)


def _has_signal(device: Device) -> bool:
    if not device["cable.up"]:
        return False
    return not is_ethernet(device) or bool(device["netdev.up"])

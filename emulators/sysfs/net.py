"""Network interfaces of cards in sysfs: a real interface below the PCI function of its card.

Where the interface is real, most files are the kernel's own, of the mount's lower tree; this adds
what a veth cannot know. An entry is shown while the mount's network namespace has the interface.
Linux Documentation/ABI/testing/sysfs-class-net, net/core/net-sysfs.c.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from drawplate.emulators.nic import identity, plan, verbs
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.device import NODE, Device
from drawplate.emulators.sysfs.functions import folder_of
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

STRUCTURE = frozenset(
    {"netdev.name", "netdev.where", "netdev.name_taken", "netdev.real", "pci.driver", "lost"}
)

# linux/if.h: IFF_UP, IFF_BROADCAST, IFF_MULTICAST.
_UP, _PLAIN_FLAGS = 0x1, 0x1002
_ARPHRD_ETHER = 1
# Of interfaces that are only files: above those of any real one.
_FIRST_INDEX = 1000
_COUNTERS = (
    *("collisions", "multicast"),
    *(f"rx_{name}" for name in ("bytes", "compressed", "crc_errors", "dropped", "errors")),
    *("rx_fifo_errors", "rx_frame_errors", "rx_length_errors", "rx_missed_errors"),
    *("rx_nohandler", "rx_over_errors", "rx_packets", "tx_aborted_errors", "tx_bytes"),
    *("tx_carrier_errors", "tx_compressed", "tx_dropped", "tx_errors", "tx_fifo_errors"),
    *("tx_heartbeat_errors", "tx_packets", "tx_window_errors"),
)


def contribute(state: "State", tree: Tree) -> None:
    """Put the interfaces; each shows while the mount's namespace has it."""
    real = bool(state.device(NODE)["netdev.real"])
    for device in state.devices(family="nic"):
        if not identity.has_interface(device.spec) or not plan.is_driven(device):
            continue
        tree.folder(f"{folder_of(device.spec)}/net")
        if not real:
            _put_all(state, tree, device)
        elif device["netdev.where"] != "none" and not device["netdev.name_taken"]:
            # Also of one that was moved away: it shows again at once when it is back.
            _put_real(tree, device)


def _put_real(tree: Tree, device: Device) -> None:
    name = identity.interface_name(device)
    folder = f"{folder_of(device.spec)}/net/{name}"
    tree.folder(folder, lower=f"/devices/virtual/net/{name}")
    _put_card(tree, device, name, folder)
    tree.hide(f"/devices/virtual/net/{name}")
    for path in (folder, f"/class/net/{name}", f"/devices/virtual/net/{name}"):
        tree.only_with(path, f"/class/net/{name}")


def _put_card(tree: Tree, device: Device, name: str, folder: str) -> None:
    """Put what the card's driver knows, whether the interface is real or not."""
    put = partial(_put, tree, folder)
    # A veth's iflink is its peer's; that of a card is its own.
    put("iflink", lambda: _index(device))
    put("ifindex", lambda: _index(device))
    put("uevent", lambda: f"INTERFACE={name}\nIFINDEX={_index(device)}")
    put("addr_assign_type", lambda: 3 if device["netdev.mac"] else 0)
    put("dev_port", lambda: 0)
    put("dev_id", lambda: "0x0")
    put("speed", lambda: _speed(device))
    put("duplex", lambda: "full" if _running(device) else "unknown")
    put("phys_port_name", lambda: identity.port_name(device.spec) or _not_supported())
    put("phys_port_id", _not_supported)
    put("phys_switch_id", _not_supported)
    tree.link(f"{folder}/device", folder_of(device.spec))
    tree.link(f"{folder}/subsystem", "/class/net")
    tree.link(f"/class/net/{name}", folder)


def _put_all(state: "State", tree: Tree, device: Device) -> None:
    """Put every file, for mounts and copies without a real interface."""
    name = identity.interface_name(device)
    folder = f"{folder_of(device.spec)}/net/{name}"
    _put_card(tree, device, name, folder)
    put = partial(_put, tree, folder)
    put("address", lambda: identity.mac_address(device))
    put("addr_len", lambda: 6)
    put("broadcast", lambda: "ff:ff:ff:ff:ff:ff")
    put("type", lambda: _ARPHRD_ETHER)
    put("flags", lambda: f"0x{_PLAIN_FLAGS | (_UP if device['netdev.up'] else 0):x}")
    put("operstate", lambda: "up" if _has_signal(device) else "down")
    put("carrier", lambda: int(_has_signal(device)) if device["netdev.up"] else _invalid())
    put("tx_queue_len", lambda: 1000)
    put("dormant", lambda: 0)
    put("link_mode", lambda: 0)
    put("name_assign_type", lambda: 4)
    put("netdev_group", lambda: 0)
    put("ifalias", lambda: "")
    tree.file(
        f"{folder}/mtu", lambda: f"{device['netdev.mtu']}\n", write=partial(_set_mtu, state, device)
    )
    for counter in _COUNTERS:
        put(f"statistics/{counter}", lambda: 0)


def _put(tree: Tree, folder: str, name: str, content: Callable[[], object]) -> None:
    tree.file(f"{folder}/{name}", lambda: f"{content()}\n")


def _set_mtu(state: "State", device: Device, text: str) -> None:
    try:
        mtu = int(text, 0)
    except ValueError:
        raise Refused(Reason.INVALID, f"{text!r} is no number") from None
    with state.change(f"mtu of {device.name}") as change:
        verbs.set_mtu(change, device, mtu)


def _index(device: Device) -> int:
    return int(device["netdev.index"]) or _FIRST_INDEX + device.spec.index


def _speed(device: Device) -> int:
    # speed_show() refuses while the interface is down; without a carrier drivers do not know it.
    if not device["netdev.up"]:
        _invalid()
    return int(device["cable.speed"]) if _running(device) else -1


def _running(device: Device) -> bool:
    if not device["netdev.up"]:
        _invalid()
    return _has_signal(device)


def _has_signal(device: Device) -> bool:
    return bool(device["cable.up"] and device["netdev.up"])


def _invalid() -> object:
    raise Refused(Reason.INVALID, "the interface is down")


def _not_supported() -> object:
    raise Refused(Reason.NOT_SUPPORTED, "the driver does not tell")

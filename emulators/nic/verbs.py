"""What can happen to a network card: verbs that faults, the control socket and files share."""

import re

from drawplate.emulators.machine.groups import MOST_NETDEV
from drawplate.emulators.nic.identity import has_interface
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import Device

_MAC = re.compile(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}")
_NAME = re.compile(r"(?!\.{1,2}$)[^\s/:%]+")


def set_cable(change: Change, device: Device, *, up: bool) -> None:
    """Plug the cable in, or pull it: the interface gets or loses its carrier. Ends a flap."""
    _require_interface(device)
    change.update(device, {"cable.up": up, "cable.flaps": 0})


def flap(change: Change, device: Device, times: int, interval: float = 1.0) -> None:
    """Let the carrier go and come back so many times, `interval` seconds from change to change."""
    _require_interface(device)
    change.update(device, {"cable.flap_interval": float(interval), "cable.flaps": 2 * times})


def set_mtu(change: Change, device: Device, mtu: int) -> None:
    """Set the MTU. Raises Refused(NOT_READY) while the interface is in another namespace."""
    _require_here(device)
    change.set(device, "netdev.mtu", mtu)


def set_mac(change: Change, device: Device, mac: str) -> None:
    """Set the MAC address; empty gives the card's own back. Raises Refused when it is none."""
    _require_here(device)
    if mac and not _MAC.fullmatch(mac):
        raise Refused(Reason.INVALID, f"{mac!r} is no MAC address of one interface")
    change.set(device, "netdev.mac", mac)


def rename(change: Change, device: Device, name: str) -> None:
    """Rename the interface. Raises Refused when no interface can be called so."""
    _require_here(device)
    if len(name) > MOST_NETDEV or not _NAME.fullmatch(name):
        raise Refused(Reason.INVALID, f"no interface can be called {name!r}")
    change.set(device, "netdev.name", name)


def set_rdma_port(change: Change, device: Device, state: int) -> None:
    """Keep the RDMA port in a state: 1 DOWN, 2 INIT, 3 ARMED, 4 ACTIVE (ib_verbs.h)."""
    _require_rdma(device)
    change.set(device, "rdma.state", state)


def set_gids_ready(change: Change, device: Device, *, ready: bool) -> None:
    """Fill the table of GIDs, or empty it, as before the addresses are assigned."""
    _require_rdma(device)
    change.set(device, "rdma.gids_ready", ready)


def set_rdma_present(change: Change, device: Device, *, present: bool) -> None:
    """Let the RDMA half of the driver have its device, or lose it."""
    _require_rdma(device)
    change.set(device, "rdma.present", present)


def _require_interface(device: Device) -> None:
    if not has_interface(device.spec):
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has no network interface")


def _require_here(device: Device) -> None:
    _require_interface(device)
    if device["netdev.where"] == "elsewhere":
        raise Refused(Reason.NOT_READY, f"the interface of {device.name} is in another namespace")


def _require_rdma(device: Device) -> None:
    if "rdma" not in device.spec.options:
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has no RDMA device")

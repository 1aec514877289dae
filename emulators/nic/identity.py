"""Names and addresses of a network port: what the machine file says, else what follows from it."""

import hashlib
from ipaddress import IPv6Address

from drawplate.emulators.machine.placed import DeviceSpec
from drawplate.emulators.machine.virtual import netdev_name
from drawplate.emulators.state.device import Device

# PCI class and subclass (pci_ids.h: PCI_CLASS_NETWORK_INFINIBAND).
_INFINIBAND_CLASS = "0207"


def has_interface(spec: DeviceSpec) -> bool:
    """Tell whether the card's driver makes an Ethernet interface.

    IPoIB has addresses of 20 bytes, which no software link can carry: such ports have none.
    """
    if spec.family != "nic" or spec.profile.pci.class_.startswith(_INFINIBAND_CLASS):
        return False
    return bool(spec.options.get("netdev", {}).get("backend", "veth") != "none")


def interface_name(device: Device) -> str:
    """Give the interface's name as it is now."""
    return str(device["netdev.name"] or _name_by_place(device.spec))


def mac_address(device: Device) -> str:
    """Give the interface's MAC address as it is now."""
    return str(device["netdev.mac"] or permanent_mac(device.spec))


def permanent_mac(spec: DeviceSpec) -> str:
    """Give the MAC address that is in the card's memory."""
    given = spec.options.get("netdev", {}).get("mac")
    if given:
        return str(given)
    oui = spec.profile.nic.oui if spec.profile.nic else "02:00:00"
    return f"{oui}:{hashlib.sha256(spec.uuid.encode()).digest()[:3].hex(':')}"


def fabric(spec: DeviceSpec) -> str:
    """Give the name of the fabric that the port's cable leads to."""
    return str(spec.options.get("netdev", {}).get("peer") or "fabric0")


def guid(mac: str) -> str:
    """Give the GUID that mlx5 makes of a MAC address, `b83f:d203:00aa:bbcc`."""
    digits = mac.replace(":", "")
    return _grouped(f"{digits[:6]}0300{digits[6:]}")


def link_local_gid(mac: str) -> str:
    """Give the first GID of an Ethernet port: its link-local address (RFC 4291, appendix A)."""
    octets = bytearray.fromhex(mac.replace(":", ""))
    octets[0] ^= 2
    return _grouped("fe80000000000000" + octets[:3].hex() + "fffe" + octets[3:].hex())


def gid_of_address(address: str) -> str:
    """Give the GID of an address of the interface; IPv4 is mapped (RoCE, Annex A17)."""
    mapped = address if ":" in address else f"::ffff:{address}"
    return _grouped(IPv6Address(mapped).packed.hex())


def _name_by_place(spec: DeviceSpec) -> str:
    """Name it as systemd.net-naming-scheme(7) does by default."""
    if spec.parent is not None and "number" in spec.options:
        return netdev_name(_path_name(spec), int(spec.options["number"]))
    return _path_name(spec)


def _path_name(spec: DeviceSpec) -> str:
    domain, bus, rest = spec.address.split(":")
    slot, function = rest.split(".")
    name = f"enP{int(domain, 16)}" if int(domain, 16) else "en"
    name += f"p{int(bus, 16)}s{int(slot, 16)}"
    name += f"f{int(function)}" if int(function) else ""
    port = port_name(spec)
    return name + (f"n{port}" if port else "")


def port_name(spec: DeviceSpec) -> str:
    """Give what the driver calls the port, `p0`; empty where it does not number them."""
    numbered = spec.profile.nic is not None and spec.profile.nic.numbers_ports
    return f"p{spec.address[-1]}" if numbered and spec.parent is None else ""


def _grouped(digits: str) -> str:
    return ":".join(digits[start : start + 4] for start in range(0, len(digits), 4))

"""class/dmi/id: the box as its firmware describes it.

Linux Documentation/ABI/testing/sysfs-firmware-dmi-entries and drivers/firmware/dmi-id.c. A machine
file that says nothing of its box leaves the real one's description.
"""

import uuid
from typing import TYPE_CHECKING

from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

STRUCTURE: frozenset[str] = frozenset()

_FOLDER = "/devices/virtual/dmi/id"
_NAMESPACE = uuid.UUID("0d8b7f5e-38c5-5a35-8c3f-7c3f0a4f2d11")
# SMBIOS 3.6, 7.4.1: rack mount chassis.
_RACK = 23
_SECRET = 0o400


def contribute(state: "State", tree: Tree) -> None:
    """Put the description."""
    chassis = state.node.machine.chassis
    if not chassis.product:
        return
    one = uuid.uuid5(_NAMESPACE, f"{state.node.machine.machine}/{state.node.node}")
    serial = chassis.serial or one.hex[:12].upper()
    shown = {
        "bios_date": "01/01/2026",
        "bios_release": "1.0",
        "bios_vendor": chassis.vendor,
        "bios_version": "1.0.0",
        "board_name": chassis.product,
        "board_vendor": chassis.vendor,
        "board_version": "1.0",
        "chassis_asset_tag": chassis.asset_tag,
        "chassis_type": _RACK,
        "chassis_vendor": chassis.vendor,
        "chassis_version": "1.0",
        "product_family": chassis.product,
        "product_name": chassis.product,
        "product_sku": "",
        "product_version": "1.0",
        "sys_vendor": chassis.vendor,
    }
    secret = {
        "board_serial": serial,
        "chassis_serial": serial,
        "product_serial": serial,
        "product_uuid": one,
    }
    alias = _alias(chassis.vendor, chassis.product)
    tree.folder(_FOLDER, closed=True)
    for name, value in shown.items():
        tree.file(f"{_FOLDER}/{name}", f"{value}\n")
    for name, value in secret.items():
        tree.file(f"{_FOLDER}/{name}", f"{value}\n", mode=_SECRET)
    tree.file(f"{_FOLDER}/modalias", f"{alias}\n")
    tree.file(f"{_FOLDER}/uevent", f"MODALIAS={alias}\n", mode=0o644)
    tree.link(f"{_FOLDER}/subsystem", "/class/dmi")
    tree.link("/class/dmi/id", _FOLDER)


def _alias(vendor: str, product: str) -> str:
    # dmi-id.c get_modalias: spaces and colons are left out.
    made, name = (_plain(text) for text in (vendor, product))
    return f"dmi:bvn{made}:bvr1.0.0:bd01/01/2026:br1.0:svn{made}:pn{name}:pvr1.0:rvn{made}:rn{name}:rvr1.0:cvn{made}:ct{_RACK}:cvr1.0:sku:"


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable() and letter not in " :")

"""DRM's part of /sys: cards and render nodes below their devices, in class/drm and dev/char."""

from typing import TYPE_CHECKING

from drawplate.emulators.devices import drm, numbers
from drawplate.emulators.sysfs.functions import folder_of
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.devices.drm import Card
    from drawplate.emulators.state.model import State

STRUCTURE = drm.STRUCTURE

# drm_sysfs.c: CORE_NAME, version and date of the core.
_VERSION = "drm 1.1.0 20060810\n"


def contribute(state: "State", tree: Tree) -> None:
    """Put a card and a render node for each DRM device."""
    cards = drm.cards(state)
    if cards:
        tree.file("/class/drm/version", _VERSION)
    for card in cards:
        if card.platform is not None:
            _put_platform_device(tree, card)
        _put_minor(tree, card, f"card{card.card}", card.card)
        _put_minor(tree, card, f"renderD{card.render}", card.render)


def parent_path(card: "Card") -> str:
    """Give the path of the device that a card belongs to: a PCI function or a partition."""
    if card.platform is not None:
        return f"/devices/platform/amdgpu_xcp_{card.platform}"
    return folder_of(card.device.spec)


def _put_minor(tree: Tree, card: "Card", name: str, minor: int) -> None:
    parent = parent_path(card)
    path = f"{parent}/drm/{name}"
    major = numbers.here()[numbers.DRM]
    tree.belongs(path, card.device.name)
    tree.file(f"{path}/dev", f"{major}:{minor}\n")
    tree.file(
        f"{path}/uevent",
        f"MAJOR={major}\nMINOR={minor}\nDEVNAME=dri/{name}\nDEVTYPE=drm_minor\n",
        mode=0o644,
    )
    tree.link(f"{path}/device", parent)
    tree.link(f"{path}/subsystem", "/class/drm")
    tree.folder(f"{path}/power")
    tree.link(f"/class/drm/{name}", path)
    tree.link(f"/dev/char/{major}:{minor}", path)


def _put_platform_device(tree: Tree, card: "Card") -> None:
    # amdgpu_xcp_drv.c registers a platform device for each, without a driver.
    path = parent_path(card)
    name = path.rpartition("/")[2]
    tree.belongs(path, card.device.name)
    tree.file(f"{path}/uevent", f"MODALIAS=platform:{name}\n", mode=0o644)
    tree.file(f"{path}/modalias", f"platform:{name}\n")
    tree.file(f"{path}/driver_override", "(null)\n")
    tree.link(f"{path}/subsystem", "/bus/platform")
    tree.folder(f"{path}/power")
    tree.link(f"/bus/platform/devices/{name}", path)

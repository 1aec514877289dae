"""DRM devices: which cards and render nodes the GPUs of a node have, and their numbers.

Each device takes a render node, then a card (drm_dev_init). Cards are numbered from 0 and render
nodes from 128, 64 of each; above that both go on from 192 (drm_drv.c, since Linux 6.12).
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.devices import binding, intel, numbers
from drawplate.emulators.devices.node_plan import NodePlan

if TYPE_CHECKING:
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

STRUCTURE = binding.STRUCTURE | intel.STRUCTURE

REAL_MINORS = Path("/sys/class/drm")
_RENDER, _PER_TYPE, _EXTENDED = 128, 64, 192
# What binds the PCI function and gives it DRM devices.
_DRM_DRIVERS = frozenset({"nvidia", "amdgpu"}) | intel.KERNEL_DRIVERS


@dataclass(frozen=True, slots=True)
class Card:
    """One DRM device: slot 0 is the GPU itself, others are of its partitions."""

    device: "Device"
    slot: int
    card: int
    render: int
    # The number of the platform device that a partition's DRM device belongs to.
    platform: int | None


def cards(state: "State") -> tuple[Card, ...]:
    """Give the DRM devices of the GPUs that are there and bound to a driver that has DRM."""
    drivers_have = binding.bound(state, _DRM_DRIVERS)
    return tuple(
        card
        for card in _all_cards(state)
        if card.device in drivers_have and not _in_survivability(card.device)
    )


def nodes(state: "State") -> Iterator[NodePlan]:
    """Give the nodes in /dev/dri, with the links that udev makes."""
    major = numbers.here()[numbers.DRM]
    for card in cards(state):
        name = card.device.name
        yield NodePlan(f"dri/card{card.card}", major, card.card, 0o660, device=name)
        yield NodePlan(f"dri/renderD{card.render}", major, card.render, 0o666, device=name)


def links(state: "State") -> Iterator[tuple[str, str]]:
    """Give the links in /dev/dri/by-path: path and target."""
    for card in cards(state):
        place = f"pci-{card.device.spec.address}"
        if card.platform is not None:
            place = f"platform-amdgpu_xcp_{card.platform}"
        yield f"dri/by-path/{place}-card", f"../card{card.card}"
        yield f"dri/by-path/{place}-render", f"../renderD{card.render}"


def _all_cards(state: "State") -> Iterator[Card]:
    # Absent devices keep their numbers, so that those of the others do not depend on them.
    taken = set(real_minors())
    platform = 0
    gpus = state.devices("gpu", absent=True)
    # The machine's own places come before devices that came into being later.
    for device in sorted(gpus, key=lambda one: one.spec.parent is not None):
        amd = device.spec.profile.amd
        taken |= set(range(amd.first_card)) if amd else set()
        for slot in range(amd.slots if amd else 1):
            render, card = _take(_RENDER, taken), _take(0, taken)
            yield Card(device, slot, card, render, platform if slot else None)
            platform += slot > 0


def _in_survivability(gpu: "Device") -> bool:
    return intel.SURVIVABILITY in gpu and bool(gpu[intel.SURVIVABILITY])


def _take(first: int, taken: set[int]) -> int:
    usual = (minor for minor in range(first, first + _PER_TYPE) if minor not in taken)
    minor = next(usual, None)
    if minor is None:
        minor = _EXTENDED
        while minor in taken:
            minor += 1
    taken.add(minor)
    return minor


@functools.cache
def real_minors() -> frozenset[int]:
    """Give the DRM minors that this machine's real devices have; read once."""
    found = set()
    for pattern in ("card[0-9]*", "renderD[0-9]*"):
        for path in REAL_MINORS.glob(pattern):
            digits = path.name.removeprefix("card").removeprefix("renderD")
            # Connectors are `card0-HDMI-A-1`.
            found |= {int(digits)} if digits.isdigit() else set()
    return frozenset(found)

"""What the pages tell of NVLink and the NVLink domain."""

import uuid
from typing import Any

from drawplate.emulators.machine.identity import derived_uuid
from drawplate.emulators.nvml.rendering.identity import nvidia
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State

_MOST_LINKS = 18
_COUNTERS = ("replay", "recovery", "crc_flit", "crc_data", "ecc")
# nvmlIntNvLinkDeviceType_t of nvml.h.
# nvml.h 13.3, nvmlIntNvLinkDeviceType_t; 1 is an IBM NPU.
_GPU, _SWITCH = 0, 2
_COMPLETED = 3
_NVIDIA = 0x10DE


def nvlink_active(state: State, device: Device) -> list[int]:
    """Tell which links are up."""
    down, wired = set(device["nvlink.down"]), _is_wired(state, device)
    there = range(int(device["nvlink.links"]))
    return [int(wired and link not in down) for link in there]


def nvlink_errors(_state: State, device: Device) -> list[int]:
    """Give the error counters, link by link."""
    errors = device["nvlink.errors"]
    return [
        int(errors.get(str(link), {}).get(counter, 0))
        for link in range(_MOST_LINKS)
        for counter in _COUNTERS
    ]


def nvlink_remote(state: State, device: Device) -> list[dict[str, int]]:
    """Give what is at the other end of each link."""
    links, switch = int(device["nvlink.links"]), nvidia(device).nvlink.switch
    if switch and state.node.machine.fabric.nvlink == "all-to-all":
        buses = _switch_buses(state)
        return [_switch(buses[link % len(buses)], switch) for link in range(links)]
    peers = _peers(state, device)
    return [_gpu(peers[link % len(peers)]) for link in range(links)] if peers else []


def fabric_supported(state: State, device: Device) -> int:
    """Tell whether the GPU can be part of an NVLink domain: the board can, and is wired."""
    wired = state.node.machine.fabric.nvlink == "all-to-all"
    return int(device["fabric.supported"] and wired)


def fabric_state(_state: State, device: Device) -> int:
    """Give nvmlGpuFabricState_t."""
    own = int(device["fabric.state"])
    return own if own >= 0 else _COMPLETED


def fabric_clique(state: State, device: Device) -> int:
    """Give the number of the clique."""
    own = int(device["fabric.clique"])
    return own if own >= 0 else state.node.machine.fabric.clique


def fabric_uuid(state: State, device: Device) -> bytes:
    """Give the UUID of the domain; zeros on a node that is a domain of its own."""
    machine = state.node.machine
    text = device["fabric.cluster_uuid"] or machine.fabric.cluster_uuid or ""
    if text == "derived":
        text = derived_uuid(machine.machine, "nvlink")
    return uuid.UUID(text).bytes if text else bytes(16)


def _is_wired(state: State, device: Device) -> bool:
    kind = state.node.machine.fabric.nvlink
    return kind == "all-to-all" or (kind == "pairs" and bool(_peers(state, device)))


def _peers(state: State, device: Device) -> list[Device]:
    every = state.devices(kind="nvidia-gpu", absent=True)
    others = [one for one in every if one is not device]
    if state.node.machine.fabric.nvlink == "pairs":
        own = every.index(device)
        return [every[own ^ 1]] if own ^ 1 < len(every) else []
    return others


def _switch_buses(state: State) -> list[int]:
    """Give the buses of a baseboard's four NVSwitches: those from c3 on that nothing else is on."""
    addresses = [place for one in state.node.devices for place in (one.address, *one.bridges)]
    taken = {int(place[5:7], 16) for place in addresses if place.startswith("0000:")}
    return [bus for bus in range(0xC3, 0x100) if bus not in taken][:4]


def _switch(bus: int, switch: str) -> dict[str, int]:
    return {
        "kind": _SWITCH,
        "domain": 0,
        "bus": bus,
        "device": 0,
        "pci_device_id": int(switch, 16) << 16 | _NVIDIA,
        "subsystem_id": 0,
    }


def _gpu(peer: Device) -> dict[str, Any]:
    ids, address = peer.spec.profile.pci, peer.spec.address
    return {
        "kind": _GPU,
        "domain": int(address[:4], 16),
        "bus": int(address[5:7], 16),
        "device": int(address[8:10], 16),
        "pci_device_id": int(ids.device + ids.vendor, 16),
        "subsystem_id": int(ids.subsystem_device + ids.subsystem_vendor, 16),
    }

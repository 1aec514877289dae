"""What the pages tell of MIG: the board's geometry, and the instances that are there."""

from typing import Any

from drawplate.emulators.mig.geometry import Geometry, GpuProfile, geometry_of
from drawplate.emulators.mig.instances import instances, mig_devices
from drawplate.emulators.mig.room import remaining
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State

_NONE = 0xFFFFFFFF
_STARTS = 8
_MIB = 1 << 20


def mig_supported(_state: State, device: Device) -> int:
    """Tell whether the board can be partitioned."""
    return int(geometry_of(device) is not None)


def mig_most(_state: State, device: Device) -> int:
    """Give the most MIG devices that there can be."""
    geometry = geometry_of(device)
    return geometry.most_devices if geometry else 0


def mig_at_once(_state: State, device: Device) -> int:
    """Tell whether the mode changes without a reset."""
    geometry = geometry_of(device)
    return int(geometry is not None and geometry.activation == "at-once")


def gpu_profiles(_state: State, device: Device) -> list[dict[str, Any]]:
    """Give the profiles of GPU instances, with the room that is left for each."""
    geometry = geometry_of(device)
    return [_profile(geometry, device, one) for one in geometry.profiles] if geometry else []


def gpu_profiles_count(_state: State, device: Device) -> int:
    """Count them."""
    geometry = geometry_of(device)
    return len(geometry.profiles) if geometry else 0


def gpu_instances(_state: State, device: Device) -> list[dict[str, int]]:
    """Give the GPU instances."""
    return [
        {
            "id": one.gi,
            "profile": one.profile,
            "profile_id": one.id,
            "start": one.start,
            "size": one.size,
        }
        for one in instances(device)
    ]


def gpu_instances_count(_state: State, device: Device) -> int:
    """Count them."""
    return len(instances(device))


def compute_instances(_state: State, device: Device) -> list[dict[str, Any]]:
    """Give the compute instances, each of which is a MIG device, in NVML's order."""
    return [
        {
            "gi": one.instance.gi,
            "id": one.compute.ci,
            "profile": one.compute.profile,
            "engine": one.compute.engine,
            "start": one.compute.start,
            "size": one.compute.size,
            "multiprocessors": one.compute_profile.sms,
            "slices": one.compute_profile.slices,
            "memory_mib": one.profile.memory_mib,
            # Compute instances share the memory of their GPU instance.
            "used": _used(device, one.instance.gi) * _MIB,
            "uuid": one.compute.uuid,
            "name": f"{device['name']} MIG {one.name}",
        }
        for one in mig_devices(device)
    ]


def compute_instances_count(_state: State, device: Device) -> int:
    """Count them."""
    return len(mig_devices(device))


def _used(device: Device, gi: int) -> int:
    return sum(int(it.get("used_mib", 0)) for it in device["processes"] if it.get("gi") == gi)


def _profile(geometry: Geometry, device: Device, one: GpuProfile) -> dict[str, Any]:
    engines = one.engines
    return {
        "profile": one.profile,
        "id": one.id,
        "slices": one.slices,
        "size": one.size,
        "multiprocessors": one.sms,
        "most": one.most,
        "remaining": remaining(geometry, instances(device), one),
        "starts_count": len(one.starts),
        "starts": list(one.starts),
        "memory_mib": one.memory_mib,
        "copy_engines": engines.ce,
        "decoders": engines.dec,
        "encoders": engines.enc,
        "jpeg_engines": engines.jpeg,
        "flow_engines": engines.ofa,
        "computes_count": len(one.compute),
        "name": one.name,
        "computes": [
            {
                "profile": it.profile,
                "slices": it.slices,
                "multiprocessors": it.sms,
                "count": len(_disjoint(it.starts, it.slices)),
                "starts": [*it.starts, *[_NONE] * (_STARTS - len(it.starts))],
            }
            for it in one.compute
        ],
    }


def _disjoint(starts: tuple[int, ...], slices: int) -> list[int]:
    """Give the starts at which instances of one profile can be side by side."""
    found: list[int] = []
    for start in sorted(starts):
        if not found or start >= found[-1] + slices:
            found.append(start)
    return found

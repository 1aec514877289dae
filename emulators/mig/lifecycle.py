"""What the driver does with MIG: its mode, and making and destroying instances.

Every verb works inside a change, and raises Refused with the reason that NVML's documentation
gives (nvml.h 13.3, "Multi Instance GPU Management").
"""

from dataclasses import replace

from drawplate.emulators.mig.geometry import Geometry, geometry_of
from drawplate.emulators.mig.instances import (
    INSTANCES,
    ComputeInstance,
    GpuInstance,
    device_uuid,
    encode,
    instance,
    instance_id,
    instances,
)
from drawplate.emulators.mig.room import free_compute_starts, free_starts
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import Device

MODE = "mig.mode"
PENDING = "mig.pending"

# NVML_COMPUTE_INSTANCE_PROFILE_COUNT of nvml.h 13.3.
COMPUTE_PROFILES = 9

# Start and size, in slices.
Place = tuple[int, int]


def set_mig_mode(change: Change, device: Device, mode: int) -> Reason | None:
    """Ask for MIG mode 0 or 1. Give why it is only pending, or none when it is in force.

    Boards before Hopper change with the next reset, later ones at once unless they are in use.
    Leaving MIG mode ends all instances.
    """
    geometry = require_geometry(device)
    if mode not in {0, 1}:
        raise Refused(Reason.INVALID, f"a MIG mode is 0 or 1, not {mode}")
    change.set(device, PENDING, mode)
    if device[MODE] == mode:
        return None
    if geometry.activation == "reset":
        return Reason.RESET_REQUIRED
    if device["processes"]:
        return Reason.IN_USE
    activate(change, device)
    return None


def activate(change: Change, device: Device) -> None:
    """Put the pending mode into force, as a reset of the board does; instances end."""
    if geometry_of(device) is not None:
        change.set(device, MODE, device[PENDING])
        change.set(device, INSTANCES, [])


def create_gpu_instance(
    change: Change, device: Device, profile_id: int, place: Place | None = None
) -> GpuInstance:
    """Make a GPU instance of the driver's profile `profile_id`, at `place` or where it fits.

    Raises Refused: NOT_SUPPORTED outside MIG mode, INVALID for what the board does not have,
    NO_CAPACITY when the place is taken or nothing is left.
    """
    geometry = _require_mode(device)
    profile = geometry.profile_by_id(profile_id)
    if profile is None:
        raise Refused(Reason.INVALID, f"{device.name} has no GPU instance profile {profile_id}")
    if place and (place[0] not in profile.starts or place[1] != profile.size):
        raise Refused(Reason.INVALID, f"{profile.name} cannot be placed at {place}")
    there = instances(device)
    free = free_starts(geometry, there, profile)
    if not free or (place and place[0] not in free):
        raise Refused(Reason.NO_CAPACITY, f"{device.name} has no room for {profile.name}")
    at = place[0] if place else free[0]
    gi = instance_id(geometry, at, profile.size)
    made = GpuInstance(gi, profile.profile, profile.id, at, profile.size)
    _write(change, device, (*there, made))
    return made


def destroy_gpu_instance(change: Change, device: Device, gi: int) -> None:
    """End a GPU instance. Raises Refused(IN_USE) while processes or compute instances are in it."""
    _require_mode(device)
    found = instance(device, gi)
    if found.compute:
        raise Refused(Reason.IN_USE, f"GPU instance {gi} has compute instances")
    _require_idle(device, gi)
    _write(change, device, tuple(one for one in instances(device) if one.gi != gi))


def create_compute_instance(
    change: Change, device: Device, gi: int, profile_id: int, place: Place | None = None
) -> ComputeInstance:
    """Make a compute instance in a GPU instance, at `place` or where it fits.

    Raises Refused: NOT_SUPPORTED for a profile that this GPU instance does not offer, INVALID,
    NOT_FOUND, NO_CAPACITY.
    """
    geometry = _require_mode(device)
    inside = instance(device, gi)
    kind = geometry.profile(inside.profile)
    profile = kind.compute_profile(profile_id) if kind else None
    if profile is None:
        reason = Reason.NOT_SUPPORTED if 0 <= profile_id < COMPUTE_PROFILES else Reason.INVALID
        raise Refused(reason, f"GPU instance {gi} has no compute instance profile {profile_id}")
    if place and (place[0] not in profile.starts or place[1] != profile.slices):
        raise Refused(Reason.INVALID, f"the compute instance cannot be placed at {place}")
    free = free_compute_starts(inside, profile)
    if not free or (place and place[0] not in free):
        raise Refused(Reason.NO_CAPACITY, f"GPU instance {gi} has no room for it")
    ci = _lowest_free(inside)
    at = place[0] if place else free[0]
    name = device_uuid(device.spec.uuid, gi, ci)
    made = ComputeInstance(ci, profile.profile, 0, at, profile.slices, name)
    _replace(change, device, replace(inside, compute=(*inside.compute, made)))
    return made


def destroy_compute_instance(change: Change, device: Device, gi: int, ci: int) -> None:
    """End a compute instance. Raises Refused(IN_USE) while processes are in it."""
    _require_mode(device)
    inside = instance(device, gi)
    found = inside.instance(ci)
    _require_idle(device, gi, ci)
    kept = tuple(one for one in inside.compute if one is not found)
    _replace(change, device, replace(inside, compute=kept))


def require_geometry(device: Device) -> Geometry:
    """Give the geometry of a device. Raises Refused(NOT_SUPPORTED) when it has no MIG."""
    geometry = geometry_of(device)
    if geometry is None:
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has no MIG")
    return geometry


def _require_mode(device: Device) -> Geometry:
    geometry = require_geometry(device)
    if not device[MODE]:
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} is not in MIG mode")
    return geometry


def _require_idle(device: Device, gi: int, ci: int | None = None) -> None:
    for one in device["processes"]:
        if one.get("gi") == gi and ci in {None, one.get("ci")}:
            where = f"GPU instance {gi}" if ci is None else f"compute instance {ci} of {gi}"
            raise Refused(Reason.IN_USE, f"process {one.get('pid')} is in {where}")


def _lowest_free(inside: GpuInstance) -> int:
    used = {one.ci for one in inside.compute}
    return next(ci for ci in range(len(used) + 1) if ci not in used)


def _write(change: Change, device: Device, there: tuple[GpuInstance, ...]) -> None:
    change.set(device, INSTANCES, encode(there))


def _replace(change: Change, device: Device, one: GpuInstance) -> None:
    _write(change, device, tuple(one if it.gi == one.gi else it for it in instances(device)))

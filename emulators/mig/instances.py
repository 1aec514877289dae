"""The MIG instances that a GPU has now, as they are kept in its state.

`mig.instances` is a list, in order of `gi`, of
`{gi, profile, id, start, size, compute: [{ci, profile, engine, start, size, uuid}]}`:
`profile` is NVML's number of the profile, `id` the driver's on this board; start and size count
memory slices of the board, in `compute` compute slices of the GPU instance.
"""

import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from drawplate.emulators.mig.geometry import ComputeProfile, Geometry, GpuProfile, geometry_of
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.device import Device

INSTANCES = "mig.instances"

# Namespace of the UUIDs of MIG devices; any fixed value serves.
_NAMESPACE = uuid.UUID("d3a2c0f4-55f5-5a0e-8a43-2c9c0fb1c9a7")


@dataclass(frozen=True, slots=True)
class ComputeInstance:
    """A compute instance, which is what software sees as a MIG device."""

    ci: int
    profile: int
    engine: int
    start: int
    size: int
    uuid: str


@dataclass(frozen=True, slots=True)
class GpuInstance:
    """A GPU instance and the compute instances in it."""

    gi: int
    profile: int
    id: int
    start: int
    size: int
    compute: tuple[ComputeInstance, ...] = ()

    def instance(self, ci: int) -> ComputeInstance:
        """Give a compute instance. Raises Refused(NOT_FOUND)."""
        for one in self.compute:
            if one.ci == ci:
                return one
        raise Refused(Reason.NOT_FOUND, f"GPU instance {self.gi} has no compute instance {ci}")


@dataclass(frozen=True, slots=True)
class MigDevice:
    """A compute instance with all that its attributes follow from."""

    instance: GpuInstance
    compute: ComputeInstance
    profile: GpuProfile
    compute_profile: ComputeProfile

    @property
    def name(self) -> str:
        """The profile's name, `1c.3g.40gb`."""
        return self.profile.compute_name(self.compute_profile)


def instances(device: Device) -> tuple[GpuInstance, ...]:
    """Give the GPU instances of a device, in order of their ids."""
    return tuple(_parse(one) for one in device[INSTANCES])


def instance(device: Device, gi: int) -> GpuInstance:
    """Give a GPU instance. Raises Refused(NOT_FOUND)."""
    for one in instances(device):
        if one.gi == gi:
            return one
    raise Refused(Reason.NOT_FOUND, f"{device.name} has no GPU instance {gi}")


def mig_devices(device: Device) -> tuple[MigDevice, ...]:
    """Give the MIG devices in the order in which NVML numbers them."""
    geometry = geometry_of(device)
    if geometry is None:
        return ()
    return tuple(one for it in instances(device) for one in _devices_in(geometry, it))


def _devices_in(geometry: Geometry, inside: GpuInstance) -> Iterator[MigDevice]:
    profile = geometry.profile(inside.profile)
    for compute in inside.compute if profile else ():
        kind = profile.compute_profile(compute.profile) if profile else None
        if profile and kind:
            yield MigDevice(inside, compute, profile, kind)


def encode(found: tuple[GpuInstance, ...]) -> list[dict[str, Any]]:
    """Give instances as they are kept in the state."""
    return [
        asdict(one) | {"compute": [asdict(it) for it in sorted(one.compute, key=_ci)]}
        for one in sorted(found, key=_gi)
    ]


def instance_id(geometry: Geometry, start: int, size: int) -> int:
    """Give the id of a GPU instance at a place.

    The driver numbers partitions as a tree: 0 is the board, 1 and 2 its halves, 3 to 6 the
    quarters, 7 to 14 the eighths (seen in NVIDIA/DCGM issue 138: 2 at 4:4, 3 at 0:2, 9 at 2:1).
    """
    return geometry.memory_slices // size - 1 + start // size


def device_uuid(gpu_uuid: str, gi: int, ci: int) -> str:
    """Give the UUID of a MIG device; the same ids on the same board always have the same."""
    return f"MIG-{uuid.uuid5(_NAMESPACE, f'{gpu_uuid}/{gi}/{ci}')}"


def _gi(one: GpuInstance) -> int:
    return one.gi


def _ci(one: ComputeInstance) -> int:
    return one.ci


def _parse(data: dict[str, Any]) -> GpuInstance:
    compute = tuple(ComputeInstance(**one) for one in data["compute"])
    return GpuInstance(**{**data, "compute": compute})

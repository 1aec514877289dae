"""What of a device work can run on: the whole of it, or each MIG device that it is cut into."""

from dataclasses import dataclass

from drawplate.emulators.mig.geometry import geometry_of
from drawplate.emulators.mig.instances import mig_devices
from drawplate.emulators.state.device import Device
from drawplate.emulators.work.rates import WHOLE

# What NVML calls the instances of a process that runs outside MIG.
NO_INSTANCE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Partition:
    """A part of a device: its share of the compute units (thousandths), its memory (MiB).

    Partitions of one `pool` have their memory together, as compute instances of a GPU instance.
    """

    uuid: str
    capacity: int
    memory: int
    pool: str
    gi: int = NO_INSTANCE
    ci: int = NO_INSTANCE


def partitions(device: Device) -> tuple[Partition, ...]:
    """Give the partitions that a device has now."""
    if not device.values.get("mig.mode"):
        reserved = device.values.get("memory.reserved", 0)
        memory = device["memory.total"] - reserved
        return (Partition(device["uuid"], WHOLE, memory, device.name),)
    geometry = geometry_of(device)
    slices = geometry.compute_slices if geometry else 1
    return tuple(
        Partition(
            uuid=one.compute.uuid,
            capacity=WHOLE * one.compute_profile.slices // slices,
            memory=one.profile.memory_mib,
            pool=f"{device.name}/gi{one.instance.gi}",
            gi=one.instance.gi,
            ci=one.compute.ci,
        )
        for one in mig_devices(device)
    )

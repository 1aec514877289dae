"""What must hold of the fabric: a topology that the TPU chips of this host can be part of."""

from typing import TYPE_CHECKING

from drawplate.emulators.located import require
from drawplate.emulators.machine.fabric import Fabric, Ici, host_bounds

if TYPE_CHECKING:
    from drawplate.emulators.machine.file import Machine


def check_fabric(machine: "Machine") -> None:
    """Refuse a fabric of devices that are not there, and an impossible topology."""
    fabric: Fabric = machine.fabric
    nvidia = sum(group.count for group in machine.devices if group.kind == "nvidia-gpu")
    require(
        fabric.nvlink == "none" or nvidia > 1,
        f"NVLink needs two NVIDIA GPUs, here {'is' if nvidia == 1 else 'are'} {nvidia}",
        "write `nvlink: none`",
        key=("fabric", "nvlink"),
    )
    if fabric.ici:
        _check_topology(machine, fabric.ici)


def _check_topology(machine: "Machine", ici: Ici) -> None:
    chips = [group for group in machine.devices if group.kind == "tpu"]
    require(chips, "an ICI topology needs TPU chips", "remove `ici`", key=("fabric", "ici"))
    models = sorted({group.profile for group in chips})
    require(
        len(models) == 1,
        f"the chips are of several generations: {', '.join(models)}",
        "give a host chips of one generation",
        key="devices",
    )
    axes = machine.profile(chips[0].profile).ici_dimensions
    place = ("fabric", "ici", "topology")
    require(
        len(ici.dimensions) == axes,
        f"topology {ici.topology!r} has {len(ici.dimensions)} dimensions, the chips have {axes}",
        f"write {axes} numbers, for instance {'x'.join(['2'] * axes)}",
        key=place,
    )
    count = sum(group.count for group in chips)
    bounds = host_bounds(count, axes)
    require(
        bounds and all(a and a % b == 0 for a, b in zip(ici.dimensions, bounds, strict=True)),
        f"topology {ici.topology!r} cannot be made of hosts with {count} chips",
        f"write multiples of {'x'.join(map(str, bounds or (1,)))}",
        key=place,
    )
    hosts = ici.chips // count
    require(
        ici.worker < hosts,
        f"worker {ici.worker} is not one of the {hosts} hosts of topology {ici.topology!r}",
        f"write a worker from 0 to {hosts - 1}",
        key=("fabric", "ici", "worker"),
    )

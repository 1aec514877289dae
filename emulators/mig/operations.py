"""MIG through the control socket: what `nvidia-smi mig` does, for tests and the command line."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from drawplate.emulators.mig import lifecycle
from drawplate.emulators.mig.geometry import Geometry, GpuProfile
from drawplate.emulators.mig.instances import instance, instances, mig_devices
from drawplate.emulators.mig.room import remaining
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.device import Device

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

_CAUSE = "hw mig"


def operations(state: "State") -> Mapping[str, Callable[..., Any]]:
    """Give the operations on `state` by name."""

    def mig_mode(device: str, mode: int) -> dict[str, Any]:
        with state.change(_CAUSE) as change:
            one = state.device(device)
            reason = lifecycle.set_mig_mode(change, one, mode)
        return {
            "mode": one[lifecycle.MODE],
            "pending": one[lifecycle.PENDING],
            "waits_for": reason.name if reason else None,
        }

    def mig_create(device: str, profile: str, start: int | None = None) -> dict[str, Any]:
        """Make a GPU instance of a profile such as 3g.40gb, with one compute instance in it."""
        with state.change(_CAUSE) as change:
            one = state.device(device)
            kind = _profile(lifecycle.require_geometry(one), profile)
            place = None if start is None else (start, kind.size)
            gi = lifecycle.create_gpu_instance(change, one, kind.id, place).gi
            whole = next(it for it in kind.compute if it.slices == kind.slices)
            lifecycle.create_compute_instance(change, one, gi, whole.profile)
        return _describe(one, gi)

    def mig_destroy(device: str, gi: int) -> None:
        """End a GPU instance and the compute instances in it."""
        with state.change(_CAUSE) as change:
            one = state.device(device)
            for compute in instance(one, gi).compute:
                lifecycle.destroy_compute_instance(change, one, gi, compute.ci)
            lifecycle.destroy_gpu_instance(change, one, gi)

    def mig_list(device: str) -> dict[str, Any]:
        one = state.device(device)
        geometry = lifecycle.require_geometry(one)
        there = instances(one)
        return {
            "mode": one[lifecycle.MODE],
            "pending": one[lifecycle.PENDING],
            "instances": [_describe(one, it.gi) for it in there],
            "room": {it.name: remaining(geometry, there, it) for it in geometry.profiles},
        }

    return {
        "mig-mode": mig_mode,
        "mig-create": mig_create,
        "mig-destroy": mig_destroy,
        "mig-list": mig_list,
    }


def _profile(geometry: Geometry, name: str) -> GpuProfile:
    for one in geometry.profiles:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in geometry.profiles)
    raise Refused(Reason.INVALID, f"there is no profile {name!r}; there are {known}")


def _describe(device: Device, gi: int) -> dict[str, Any]:
    found = instance(device, gi)
    devices = [one for one in mig_devices(device) if one.instance.gi == gi]
    return {
        "gi": gi,
        "start": found.start,
        "size": found.size,
        "devices": [
            {"ci": one.compute.ci, "name": one.name, "uuid": one.compute.uuid} for one in devices
        ],
    }

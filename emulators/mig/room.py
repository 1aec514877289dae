"""What room is left on a partitioned board, and in a GPU instance: the rules of placement."""

from collections.abc import Iterable

from drawplate.emulators.mig.geometry import ComputeProfile, Engines, Geometry, GpuProfile
from drawplate.emulators.mig.instances import GpuInstance

_ENGINES = tuple(Engines.model_fields)


def free_starts(
    geometry: Geometry, there: Iterable[GpuInstance], profile: GpuProfile
) -> tuple[int, ...]:
    """Give where an instance of `profile` could be made now, in the driver's order."""
    there = tuple(there)
    if not _admits(geometry, there, profile):
        return ()
    taken = _taken(there)
    return tuple(
        start for start in profile.preferred if taken.isdisjoint(range(start, start + profile.size))
    )


def remaining(geometry: Geometry, there: Iterable[GpuInstance], profile: GpuProfile) -> int:
    """Count how many more instances of `profile` alone could be made now."""
    there = list(there)
    before = len(there)
    while starts := free_starts(geometry, there, profile):
        there.append(GpuInstance(-1, profile.profile, profile.id, min(starts), profile.size))
    return len(there) - before


def free_compute_starts(inside: GpuInstance, profile: ComputeProfile) -> tuple[int, ...]:
    """Give where a compute instance could be made in a GPU instance, lowest first."""
    taken = {slot for one in inside.compute for slot in range(one.start, one.start + one.size)}
    return tuple(
        start
        for start in sorted(profile.starts)
        if taken.isdisjoint(range(start, start + profile.slices))
    )


def _taken(there: Iterable[GpuInstance]) -> set[int]:
    return {slot for one in there for slot in range(one.start, one.start + one.size)}


def _admits(geometry: Geometry, there: tuple[GpuInstance, ...], profile: GpuProfile) -> bool:
    """Tell whether the board has the slices and engines, wherever they are.

    The engines of the whole board are those of its largest profile: this is why at most one
    instance has the media extensions.
    """
    kinds = [one for it in there if (one := geometry.profile(it.profile))]
    if sum(one.profile == profile.profile for one in kinds) >= profile.most:
        return False
    if sum(one.slices for one in kinds) + profile.slices > geometry.compute_slices:
        return False
    whole = max(geometry.profiles, key=lambda one: one.size)
    return all(
        sum(getattr(one.engines, name) for one in kinds) + getattr(profile.engines, name)
        <= getattr(whole.engines, name)
        for name in _ENGINES
    )

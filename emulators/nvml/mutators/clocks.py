"""Clocks that software chooses: application clocks, locked ranges, auto boost (nvml.h 13.3)."""

from drawplate.emulators.nvml.mutators.modes import switch
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import Device

# nvmlClockLimitId_t, which may stand in place of both frequencies.
_TDP, _UNLIMITED = 0xFFFFFF01, 0xFFFFFF02
_SYMBOLS = {_TDP, _UNLIMITED}


def set_applications_clocks(change: Change, device: Device, memory: int, graphics: int) -> None:
    """Set the clocks, in MHz, of running programs."""
    if device["clocks.application.graphics"] < 0:
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has no application clocks")
    if memory not in device["clocks.supported.memory"]:
        raise Refused(Reason.INVALID, f"{memory} MHz is no memory clock of {device.name}")
    if not _lowest(device) <= graphics <= device["clocks.max.graphics"]:
        raise Refused(Reason.INVALID, f"{graphics} MHz is no graphics clock of {device.name}")
    change.set(device, "clocks.application.memory", memory)
    change.set(device, "clocks.application.graphics", graphics)


def reset_applications_clocks(change: Change, device: Device) -> None:
    """Set the application clocks as after loading the driver."""
    if device["clocks.application.graphics"] < 0:
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has no application clocks")
    for kind in ("memory", "graphics"):
        change.set(device, f"clocks.application.{kind}", device[f"clocks.default.{kind}"])


def lock_graphics_clocks(change: Change, device: Device, least: int, most: int) -> None:
    """Keep the graphics clock between two frequencies in MHz, or two symbols."""
    if least in _SYMBOLS or most in _SYMBOLS:
        _lock_by_symbols(change, device, least, most)
        return
    top = device["clocks.max.graphics"]
    _require_range(device, "graphics", (least, most), (_lowest(device), top))
    change.set(device, "clocks.locked.graphics", [least, most])
    _bring_into(change, device, ("clocks.graphics", "clocks.sm"), (least, most))


def lock_memory_clocks(change: Change, device: Device, least: int, most: int) -> None:
    """Keep the memory clock between two frequencies in MHz."""
    known = device["clocks.supported.memory"] or [device["clocks.max.memory"]]
    _require_range(device, "memory", (least, most), (min(known), max(known)))
    change.set(device, "clocks.locked.memory", [least, most])
    _bring_into(change, device, ("clocks.memory",), (least, most))


def unlock_graphics_clocks(change: Change, device: Device) -> None:
    """Let the graphics clock go where it wants."""
    change.set(device, "clocks.locked.graphics", None)


def unlock_memory_clocks(change: Change, device: Device) -> None:
    """Let the memory clock go where it wants."""
    change.set(device, "clocks.locked.memory", None)


def set_auto_boost(change: Change, device: Device, enabled: int) -> None:
    """Turn auto boost on or off; boards since Pascal have none."""
    _require_boost(device)
    change.set(device, "auto_boost", switch(enabled))


def set_default_auto_boost(change: Change, device: Device, enabled: int) -> None:
    """Turn auto boost on or off for when no program runs."""
    _require_boost(device)
    change.set(device, "auto_boost.default", switch(enabled))


def _lock_by_symbols(change: Change, device: Device, least: int, most: int) -> None:
    if not {least, most} <= _SYMBOLS:
        raise Refused(Reason.INVALID, "a frequency and a symbol do not go together")
    if (least, most) == (_UNLIMITED, _UNLIMITED):
        unlock_graphics_clocks(change, device)
        return
    base = device["clocks.default.graphics"]
    top = device["clocks.max.graphics"]
    thermal = base if base > 0 else top
    locked = [
        thermal if least == _TDP else _lowest(device),
        thermal if most == _TDP else top,
    ]
    change.set(device, "clocks.locked.graphics", locked)


def _require_range(
    device: Device, what: str, wanted: tuple[int, int], possible: tuple[int, int]
) -> None:
    bottom, top = possible
    if top < 0:
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has no {what} clock to lock")
    if not bottom <= wanted[0] <= wanted[1] <= top:
        raise Refused(Reason.INVALID, f"{what} clocks are from {bottom} to {top} MHz, not {wanted}")


def _bring_into(
    change: Change, device: Device, keys: tuple[str, ...], locked: tuple[int, int]
) -> None:
    for key in keys:
        if device[key] >= 0:
            change.set(device, key, min(max(device[key], locked[0]), locked[1]))


def _lowest(device: Device) -> int:
    nvidia = device.spec.profile.nvidia
    return nvidia.clocks.lowest_graphics if nvidia else 0


def _require_boost(device: Device) -> None:
    if device["auto_boost"] < 0:
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has no auto boost")

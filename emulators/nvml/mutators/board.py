"""What software sets of the board: power limit, fans, NVLink counters (nvml.h 13.3)."""

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import Device

# nvmlTemperatureThresholds_t has so many values; data centre boards let none be set.
_THRESHOLDS = 9
# nvmlPowerScopeType_t: the GPU; the module is for parts with a processor on it.
_SCOPE_GPU, _SCOPES = 0, 4
_AUTOMATIC, _MANUAL = 0, 1


def set_power_limit(change: Change, device: Device, milliwatts: int, scope: int = 0) -> None:
    """Set the power that the board may draw. Raises Refused(INVALID) outside its constraints."""
    if not 0 <= scope < _SCOPES:
        raise Refused(Reason.INVALID, f"{scope} is no scope of power")
    if device["power.limit"] < 0 or scope != _SCOPE_GPU:
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has no such power limit")
    least, most = device["power.least"], device["power.most"]
    if not least <= milliwatts <= most:
        raise Refused(Reason.INVALID, f"a limit is from {least} to {most} mW, not {milliwatts}")
    before = device["power.limit"]
    change.set(device, "power.limit", milliwatts)
    # Another limit, such as a power brake, may be lower than what was asked for.
    if milliwatts < device["power.enforced"] or device["power.enforced"] == before:
        change.set(device, "power.enforced", milliwatts)


def set_fan_speed(change: Change, device: Device, fan: int, percent: int) -> None:
    """Set a fan's speed, and take its control from the board."""
    _require_fan(device, fan)
    if not 0 <= percent <= 100:  # noqa: PLR2004 - per cent
        raise Refused(Reason.INVALID, f"{percent} % is no speed")
    change.update(device, {"fan.speed": percent, "fan.policy": _MANUAL})


def set_default_fan_speed(change: Change, device: Device, fan: int) -> None:
    """Give the control of a fan back to the board."""
    _require_fan(device, fan)
    change.set(device, "fan.policy", _AUTOMATIC)


def set_fan_policy(change: Change, device: Device, fan: int, policy: int) -> None:
    """Say who controls a fan: 0 the board, 1 software."""
    _require_fan(device, fan)
    if policy not in {_AUTOMATIC, _MANUAL}:
        raise Refused(Reason.INVALID, f"{policy} is no policy")
    change.set(device, "fan.policy", policy)


def set_temperature_threshold(device: Device, threshold: int) -> None:
    """Refuse: only acoustic limits of desktop boards can be set."""
    if not 0 <= threshold < _THRESHOLDS:
        raise Refused(Reason.INVALID, f"{threshold} is no threshold")
    raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has fixed thresholds")


def reset_link_errors(change: Change, device: Device, link: int) -> None:
    """Set the error counters of an NVLink to zero."""
    links = device["nvlink.links"]
    if not links:
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has no NVLink")
    if not 0 <= link < links:
        raise Refused(Reason.INVALID, f"{device.name} has no link {link}")
    kept = {name: one for name, one in device["nvlink.errors"].items() if name != str(link)}
    change.set(device, "nvlink.errors", kept)


def _require_fan(device: Device, fan: int) -> None:
    if not device["fan.count"]:
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has no fans")
    if not 0 <= fan < device["fan.count"]:
        raise Refused(Reason.INVALID, f"{device.name} has no fan {fan}")

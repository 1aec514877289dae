"""What load does to a device: utilisation, clocks, power and temperature follow the work."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from drawplate.emulators.faults.layers import held_keys
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import Device
from drawplate.emulators.work.board import Board
from drawplate.emulators.work.policies import policies
from drawplate.emulators.work.rates import WHOLE
from drawplate.emulators.work.showing import account, show
from drawplate.emulators.work.tasks import MILLISECOND
from drawplate.emulators.work.workshop import Workshop

# nvmlClocksEventReasonGpuIdle.
_IDLE = 1

_CLOCKS = ("graphics", "sm", "memory", "video")


@dataclass(slots=True)
class _Meter:
    """The last moments of one device: time, busy time, and what was got, all and by context."""

    samples: deque[tuple[int, int, int, dict[str, int]]] = field(default_factory=deque)
    # Exact, since the property has whole degrees only.
    temperature: float | None = None
    # Whether everything is as without work, and has been shown so.
    rests: bool = False


class Load:
    """Lets the state of devices follow the work that is done on them."""

    def __init__(self, workshop: Workshop) -> None:
        """Measure the devices of `workshop`."""
        self._workshop = workshop
        self._meters: dict[str, _Meter] = {}

    def tick(self, change: Change, seconds: float) -> None:
        """Bring the work up to now, and show the load of the last moments."""
        self._workshop.advance(change)
        now = self._workshop.now
        for board in self._workshop.boards:
            meter = self._meters.setdefault(board.device.name, _Meter())
            if meter.rests and not board.contexts:
                # Nothing is shown, so what somebody sets by hand stays.
                meter.samples = deque([(now, board.busy, board.got, {})])
                meter.temperature = None
                continue
            busy, used = _measure(board, meter, now)
            if board.device.present:
                _show_load(change, board, meter, (busy, used), seconds)
            if board.contexts:
                show(change, board)
            for context in board.contexts.values():
                account(change, board, context, now, runs=True)


def _show_load(
    change: Change, board: Board, meter: _Meter, load: tuple[float, float], seconds: float
) -> None:
    device = board.device
    busy, used = load
    warmth = _temperature(device, meter, used, seconds)
    _show(change, device, _values(device, busy, used) | warmth)
    cold = all(value == _first(device, key) for key, value in warmth.items())
    meter.rests = cold and not busy and not board.contexts


def _show(change: Change, device: Device, values: Mapping[str, float]) -> None:
    held = held_keys(change.state, device.name)
    for key, value in values.items():
        if key in device and key not in held:
            change.set(device, key, value)


def _values(device: Device, busy: float, used: float) -> dict[str, float]:
    return {
        "utilisation.gpu": round(100 * busy),
        "utilisation.memory": round(50 * busy),
        "utilisation.duty_cycle": round(100 * busy, 1),
        "utilisation.tensorcore": round(100 * used, 1),
        **_clocks(device, running=busy > 0),
        **_power(device, used),
    }


def _measure(board: Board, meter: _Meter, now: int) -> tuple[float, float]:
    """Give the parts of the last moments in which anything ran, and of the device that it used."""
    if not meter.samples:
        meter.samples.append((board.began, 0, 0, {}))
    contexts = {one.id: one.got for one in board.contexts.values()}
    meter.samples.append((now, board.busy, board.got, contexts))
    window = policies().window_ms * MILLISECOND
    while len(meter.samples) > 2 and meter.samples[1][0] <= now - window:  # noqa: PLR2004
        meter.samples.popleft()
    start, busy, got, before = meter.samples[0]
    time = max(1, now - start)
    for one in board.contexts.values():
        one.load = min(100, 100 * (one.got - before.get(one.id, 0)) // (time * WHOLE))
    return min(1.0, (board.busy - busy) / time), min(1.0, (board.got - got) / (time * WHOLE))


def _first(device: Device, key: str) -> int:
    # What the profile says is what the idle device has.
    return int(device.properties[key].first(device.spec))


def _clocks(device: Device, *, running: bool) -> dict[str, int]:
    values: dict[str, int] = {}
    for name in _CLOCKS:
        now, most = f"clocks.{name}", f"clocks.max.{name}"
        if most not in device or device[most] < 0:
            continue
        locked = f"clocks.locked.{'memory' if name == 'memory' else 'graphics'}"
        span = device.values.get(locked)
        wanted = device[most] if running else _first(device, now)
        values[now] = max(span[0], min(span[1], wanted)) if span else wanted
    if "clocks.reasons" in device:
        reasons = device["clocks.reasons"]
        values["clocks.reasons"] = reasons & ~_IDLE if running else reasons | _IDLE
    return values


def _power(device: Device, used: float) -> dict[str, int]:
    if "power.usage" not in device:
        return {}
    idle = _first(device, "power.usage")
    limits = [device[key] for key in ("power.enforced", "power.limit") if key in device]
    limit = min((one for one in limits if one > 0), default=idle)
    return {"power.usage": round(idle + max(0, limit - idle) * policies().full_power * used)}


def _temperature(device: Device, meter: _Meter, used: float, seconds: float) -> dict[str, int]:
    if "temperature.gpu" not in device:
        return {}
    idle = _first(device, "temperature.gpu")
    nvidia = getattr(device.spec.profile, "nvidia", None)
    hot = nvidia.temperature.busy if nvidia else idle + 40
    now = device["temperature.gpu"] if meter.temperature is None else meter.temperature
    # Towards the balance of this load, as a body with one time constant.
    part = min(1.0, seconds / policies().thermal_seconds)
    meter.temperature = now + (idle + (hot - idle) * used - now) * part
    return {"temperature.gpu": round(meter.temperature)}

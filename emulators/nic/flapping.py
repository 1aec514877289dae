"""Lets the carrier of a port go and come back, as often as its state says."""

from drawplate.emulators.state.change import Change


class Flapping:
    """A ticker of the state."""

    def __init__(self) -> None:
        """No port flaps yet."""
        self._waited: dict[str, float] = {}

    def __call__(self, change: Change, seconds: float) -> None:
        """Let `seconds` pass for every port that flaps."""
        for device in change.state.devices(family="nic"):
            left = int(device["cable.flaps"])
            if not left:
                self._waited.pop(device.name, None)
                continue
            interval = float(device["cable.flap_interval"])
            waited = self._waited.get(device.name, interval) + seconds
            # One change per tick: of two at once, nobody would see the first.
            if waited >= interval:
                waited -= interval
                change.update(device, {"cable.up": not device["cable.up"], "cable.flaps": left - 1})
            self._waited[device.name] = min(waited, interval)

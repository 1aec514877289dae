"""The energy that NVIDIA GPUs have drawn: power summed up as time goes by."""

from drawplate.emulators.nvml.node_record import NVIDIA_GPU
from drawplate.emulators.state.change import Change


def count_energy(change: Change, seconds: float) -> None:
    """Let `seconds` pass for every GPU that is there and answers."""
    for device in change.state.devices(kind=NVIDIA_GPU):
        if not device["lost"]:
            # Milliwatts for seconds are millijoules.
            drawn = device["energy.total"] + device["power.usage"] * seconds
            change.set(device, "energy.total", drawn)

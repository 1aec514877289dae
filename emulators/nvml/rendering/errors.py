"""What the pages tell of memory errors."""

from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State

# nvmlMemoryLocation_t of nvml.h, in its order; the sum of all comes before them.
_PLACES = ("l1", "l2", "device_memory", "register", "texture", "shared", "cbu", "sram")
_KEYS = (
    "ecc.volatile.corrected",
    "ecc.aggregate.corrected",
    "ecc.volatile.uncorrected",
    "ecc.aggregate.uncorrected",
)
# Banks of a board's memory, of which each has spare rows: what H100 boards report.
_BANKS = 2560
_MOST_PAGES = 64


def ecc_errors(_state: State, device: Device) -> list[int]:
    """Give the counters by type, counter and place."""
    found = []
    for key in _KEYS:
        counts = device[key]
        found.append(sum(int(number) for number in counts.values()))
        found.extend(int(counts.get(place, 0)) for place in _PLACES)
    return found


def retired(_state: State, device: Device) -> list[int]:
    """Give the addresses of retired pages, by cause."""
    found: list[int] = []
    for key in ("retired.corrected", "retired.uncorrected"):
        pages = [int(address) for address in device[key][:_MOST_PAGES]]
        found.extend([*pages, *[0] * (_MOST_PAGES - len(pages))])
    return found


def retired_count(_state: State, device: Device) -> list[int]:
    """Count the retired pages, by cause."""
    return [
        min(len(device[key]), _MOST_PAGES) for key in ("retired.corrected", "retired.uncorrected")
    ]


def rows_histogram(_state: State, device: Device) -> list[int]:
    """Count the banks by the spare rows that are left: all, many, some, few, none."""
    return list(device["rows.histogram"] or (_BANKS, 0, 0, 0, 0))

"""The frequency files of Intel GPUs: what hardware can, what was asked for, what is.

i915: intel_gt_sysfs_pm.c. xe: xe_gt_freq.c and xe_gt_throttle.c. Both in MHz.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.sysfs.attributes import number

if TYPE_CHECKING:
    from drawplate.emulators.machine.sections.intel import Intel
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State
    from drawplate.emulators.tree.model import Tree

LEAST, MOST, REASONS = "frequency.least", "frequency.most", "throttle.reasons"
_REASONS = ("pl1", "pl2", "pl4", "thermal", "prochot", "ratl", "vr_thermalert", "vr_tdc")


@dataclass(frozen=True, slots=True)
class Frequency:
    """What the files of all tiles of one GPU read and write."""

    state: "State"
    gpu: "Device"
    section: "Intel"

    def show(self, key: str) -> str:
        """Give a property as a line."""
        return f"{self.gpu[key]}\n"

    def store(self, key: str, text: str) -> None:
        """Set a bound. Raises Refused(INVALID) beyond hardware's bounds or the other bound."""
        wanted = number(text)
        bounds = {LEAST: self.gpu[LEAST], MOST: self.gpu[MOST], key: wanted}
        hardware = self.section.frequencies
        if not hardware.rpn <= bounds[LEAST] <= bounds[MOST] <= hardware.rp0:
            raise Refused(Reason.INVALID, f"{self.gpu.name} cannot run at {text.strip()} MHz")
        with self.state.change(f"frequency of {self.gpu.name}") as change:
            change.set(self.gpu, key, wanted)

    def limited(self, reason: str | None = None) -> str:
        """Tell whether the frequency is limited, at all or for one reason."""
        reasons = self.gpu[REASONS]
        return f"{int(bool(reasons) if reason is None else reason in reasons)}\n"


def put_i915(tree: "Tree", folder: str, frequency: Frequency, tile: int) -> None:
    """Put the folder `gt/gtN` of a card."""
    hardware = frequency.section.frequencies
    now = partial(frequency.show, "clocks.graphics")
    tree.file(f"{folder}/id", f"{tile}\n")
    for name in ("rps_act_freq_mhz", "rps_cur_freq_mhz", "punit_req_freq_mhz"):
        tree.file(f"{folder}/{name}", now)
    limits = {"RP0": hardware.rp0, "RP1": hardware.rpe, "RPn": hardware.rpn}
    for name, value in limits.items():
        tree.file(f"{folder}/rps_{name}_freq_mhz", f"{value}\n")
    _put_bounds(tree, frequency, f"{folder}/rps_min_freq_mhz", f"{folder}/rps_max_freq_mhz")
    tree.file(f"{folder}/throttle_reason_status", frequency.limited)
    for reason in _REASONS:
        tree.file(f"{folder}/throttle_reason_{reason}", partial(frequency.limited, reason))
    tree.file(f"{folder}/rc6_enable", "1\n")
    tree.file(f"{folder}/rc6_residency_ms", "0\n")


def put_xe(tree: "Tree", folder: str, frequency: Frequency, unit: int) -> None:
    """Put the folder `tileN/gtN` of a PCI function."""
    hardware = frequency.section.frequencies
    now = partial(frequency.show, "clocks.graphics")
    for name in ("act_freq", "cur_freq"):
        tree.file(f"{folder}/freq0/{name}", now)
    limits = {"rp0": hardware.rp0, "rpe": hardware.rpe, "rpn": hardware.rpn}
    for name, value in limits.items():
        tree.file(f"{folder}/freq0/{name}_freq", f"{value}\n")
    _put_bounds(tree, frequency, f"{folder}/freq0/min_freq", f"{folder}/freq0/max_freq")
    tree.file(f"{folder}/freq0/throttle/status", frequency.limited)
    for reason in _REASONS:
        tree.file(f"{folder}/freq0/throttle/reason_{reason}", partial(frequency.limited, reason))
    tree.file(f"{folder}/gtidle/name", f"gt{unit}-rc\n")
    tree.file(f"{folder}/gtidle/idle_status", "gt-c6\n")
    tree.file(f"{folder}/gtidle/idle_residency_ms", "0\n")


def _put_bounds(tree: "Tree", frequency: Frequency, least: str, most: str) -> None:
    for path, key in ((least, LEAST), (most, MOST)):
        show, store = partial(frequency.show, key), partial(frequency.store, key)
        tree.file(path, show, write=store)

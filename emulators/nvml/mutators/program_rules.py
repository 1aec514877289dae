"""Call rules of the surface `nvidia-smi`: how a run of the program is to end, or be held up.

`call` is a glob for the sub-command or the first flag: `compute-policy`, `mig`, `-L`.
"""

import fnmatch
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.nvml.rules import code_of
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import CallRule

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

SURFACE = "nvidia-smi"


class ProgramRules:
    """Finds the rule that a run falls under, and counts runs for all processes."""

    def __init__(self, state: "State") -> None:
        """Follow the rules of `state`."""
        self._state = state
        self._runs: Counter[CallRule] = Counter()

    def answer(self, call: str, device: str | None, process: int) -> tuple[int, int]:
        """Give the code that the run ends with, 0 for none, and the milliseconds that it takes.

        `device` is the GPU that the run is about to change; none before it has begun.
        """
        delay = 0
        for rule in self._state.call_rules:
            if not _concerns(rule, call, device) or not _holds(rule, process):
                continue
            if not self._counts(rule):
                continue
            delay += rule.delay_ms
            if rule.result is not None:
                return _code(rule.result), delay
        return 0, delay

    def _counts(self, rule: CallRule) -> bool:
        self._runs[rule] += 1
        run = self._runs[rule] - rule.after
        return run > 0 and (rule.count is None or run <= rule.count)


def _concerns(rule: CallRule, call: str, device: str | None) -> bool:
    return (
        rule.surface == SURFACE and rule.device == device and fnmatch.fnmatchcase(call, rule.call)
    )


def _holds(rule: CallRule, process: int) -> bool:
    """Tell whether the process is in the rule's container: by control group or host name."""
    if rule.container is None:
        return True
    for path in ("cgroup", "root/etc/hostname"):
        try:
            text = Path(f"/proc/{process}/{path}").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if rule.container in text:
            return True
    return False


def _code(result: str) -> int:
    try:
        return code_of(result)
    except Refused:
        return Reason.UNKNOWN.nvml

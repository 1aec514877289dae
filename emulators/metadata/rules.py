"""Call rules of surfaces that answer requests: another status, or a delay, for some of them."""

import threading
from collections.abc import Callable
from fnmatch import fnmatchcase

from drawplate.emulators.faults.calls import is_awaited, tell
from drawplate.emulators.state.change import CallRule
from drawplate.emulators.state.model import State


class RequestRules:
    """The rules of one surface, with how often each was met."""

    def __init__(self, state: State, surface: str) -> None:
        """Follow the rules of `state` for `surface`."""
        self._state, self._surface = state, surface
        self._met: dict[CallRule, int] = {}
        self._lock = threading.Lock()

    def meet(self, call: str, wait: Callable[[float], object]) -> str | None:
        """Give the result that a rule has for the call, after its delay; None for the truth."""
        for rule in self._state.call_rules:
            fits = rule.surface == self._surface and fnmatchcase(call, rule.call)
            if fits and self._counts(rule):
                if is_awaited(rule):
                    tell(self._state, rule)
                if rule.delay_ms:
                    wait(rule.delay_ms / 1000)
                return rule.result
        return None

    def _counts(self, rule: CallRule) -> bool:
        with self._lock:
            current = set(self._state.call_rules)
            self._met = {one: times for one, times in self._met.items() if one in current}
            met = self._met[rule] = self._met.get(rule, 0) + 1
        return met > rule.after and (rule.count is None or met <= rule.after + rule.count)

"""Rules for calls on a tree: an errno, a delay or a spoilt content in place of the truth."""

import errno
import fnmatch
import threading
import time
from collections.abc import Callable
from pathlib import Path

from drawplate.emulators.faults.calls import is_awaited, tell
from drawplate.emulators.state.change import CallRule
from drawplate.emulators.state.model import State
from drawplate.emulators.tree.model import Tree

# What a reader gets who asks for a number or a name.
GARBAGE = b"\xff\xfe?#!\n"

# How often a delayed call looks whether its caller was killed or the mount ends, in seconds.
SLICE = 0.02


READ, WRITE, _LOOKUP = "read", "write", "lookup"


class CallRules:
    """The rules of one surface ("sysfs", "proc", "dev"), with how often each was met."""

    def __init__(self, state: State, surface: str) -> None:
        """Follow the rules of `state` for `surface`."""
        self._state = state
        self._surface = surface
        self._met: dict[CallRule, int] = {}
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    def some(self) -> bool:
        """Tell whether there are any rules; most of the time there are none."""
        return bool(self._state.call_rules)

    def absent(self, tree: Tree, path: str, pid: int = 0) -> bool:
        """Tell whether a rule says that there is nothing at `path`."""
        return self._take(tree, path, pid, _LOOKUP) is not None

    def meet(
        self, tree: Tree, path: str, pid: int, gone: Callable[[], bool], call: str = READ
    ) -> CallRule | None:
        """Give the rule for this call, a READ or a WRITE, after its delay.

        `gone` tells whether the caller was interrupted. Raises OSError with the rule's errno, or
        EINTR when nobody waits any more.
        """
        rule = self._take(tree, path, pid, call)
        if rule is None:
            return None
        if is_awaited(rule):
            tell(self._state, rule, rule.device)
        self._delay(rule.delay_ms / 1000, gone)
        number = number_of(rule.result)
        if number:
            raise OSError(number, path)
        return rule

    def _take(self, tree: Tree, path: str, pid: int, call: str) -> CallRule | None:
        for rule in self._state.call_rules:
            pattern = _pattern(rule, call)
            if (
                pattern is not None
                and rule.surface == self._surface
                and rule.device in {None, tree.owner(path)}
                and _matches(tree, path, pattern)
                and _is_of(pid, rule.container)
                and self._counts(rule)
            ):
                return rule
        return None

    def _counts(self, rule: CallRule) -> bool:
        if not rule.after and rule.count is None:
            return True
        with self._lock:
            current = set(self._state.call_rules)
            self._met = {one: times for one, times in self._met.items() if one in current}
            met = self._met[rule] = self._met.get(rule, 0) + 1
        return met > rule.after and (rule.count is None or met <= rule.after + rule.count)

    def _delay(self, seconds: float, gone: Callable[[], bool]) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.stopping.wait(min(left, SLICE)) or gone():
                raise OSError(errno.EINTR, "interrupted")


def spoil(content: bytes, rule: CallRule | None) -> bytes:
    """Give the content as a rule of kind "truncated", "garbage" or "empty" has it."""
    match rule and rule.result:
        case "truncated":
            return content[: len(content.rstrip()) // 2]
        case "garbage":
            return GARBAGE
        case "empty":
            return b""
        case _:
            return content


def number_of(result: str | None) -> int:
    """Give the errno of that name; 0 when it is none."""
    return int(getattr(errno, result, 0)) if result and result.isupper() else 0


def _pattern(rule: CallRule, call: str) -> str | None:
    """Give the rule's glob of paths if it is for such calls.

    What is not there is not found already; other rules are for reading and writing, unless
    `read:` or `write:` stands before the path.
    """
    if (rule.result == "ENOENT") != (call == _LOOKUP):
        return None
    only, colon, pattern = rule.call.partition(":")
    if colon and only in {READ, WRITE}:
        return pattern if only == call else None
    return rule.call


def _matches(tree: Tree, path: str, pattern: str) -> bool:
    # The kernel has followed the links by now, but people write paths of /sys/bus and /sys/class.
    anchored = f"/{pattern.lstrip('/')}"
    return any(fnmatch.fnmatchcase(name, anchored) for name in tree.names_of(path))


def _is_of(pid: int, container: str | None) -> bool:
    if container is None:
        return True
    try:
        return container in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8")
    except OSError:
        return False

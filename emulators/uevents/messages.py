"""Hot-plug messages, as the kernel writes them, from what differs between two trees.

A folder with a `uevent` file is a kobject; the file's lines are the keys of its messages, as the
kernel makes both with the same function (Linux lib/kobject_uevent.c, drivers/base/core.c).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drawplate.emulators.refusals import Refused
from drawplate.emulators.tree.model import File, Folder, Link, Tree

# Objects that are no devices have their subsystem by their place.
_BY_PLACE = (
    (re.compile(r"/module/[^/]+"), "module"),
    (re.compile(r"/bus/[^/]+/drivers/[^/]+"), "drivers"),
)
# Modules and drivers are there before devices are bound to them.
_EARLY = ("module", "bus")


@dataclass(frozen=True, slots=True)
class Kobject:
    """An object of the kernel, with the lines of its `uevent` file."""

    path: str
    subsystem: str
    lines: tuple[str, ...]
    driver: str

    def message(self, action: str, extra: Mapping[str, str] | None = None) -> "Message":
        """Give the message of an action: add, remove, change, move, bind, unbind."""
        # While it is added, removed or unbound it has no driver (yet, or any more).
        driverless = action in {"add", "remove", "unbind"} and not extra
        lines = [line for line in self.lines if not (driverless and line.startswith("DRIVER="))]
        keys = [f"{key}={value}" for key, value in (extra or {}).items()]
        return Message(action, self.path, self.subsystem, (*keys, *lines))


@dataclass(frozen=True, slots=True)
class Message:
    """One message, without the number that the kernel appends."""

    action: str
    path: str
    subsystem: str
    lines: tuple[str, ...]

    def encoded(self) -> bytes:
        """Give the text as it goes over netlink."""
        own = (f"ACTION={self.action}", f"DEVPATH={self.path}", f"SUBSYSTEM={self.subsystem}")
        parts = (f"{self.action}@{self.path}", *own, *self.lines)
        return b"".join(part.encode() + b"\0" for part in parts)


def kobjects(tree: Tree) -> dict[str, Kobject]:
    """Give the objects of a tree that send messages, by path."""
    found = {}
    for path, entry in tree.walk():
        if isinstance(entry, Folder):
            one = kobject(path, entry)
            if one is not None:
                found[path] = one
    return found


def kobject(path: str, folder: Folder) -> Kobject | None:
    """Give the object that a folder is, if it is one that sends messages."""
    shown, link, driver = (folder.entries.get(name) for name in ("uevent", "subsystem", "driver"))
    if not isinstance(shown, File):
        return None
    if isinstance(link, Link):
        subsystem = link.target.rpartition("/")[2]
    else:
        subsystem = next((name for place, name in _BY_PLACE if place.fullmatch(path)), "")
    if not subsystem:
        return None
    try:
        lines = tuple(shown.read().decode().splitlines())
    except Refused:
        lines = ()
    bound = driver.target.rpartition("/")[2] if isinstance(driver, Link) else ""
    return Kobject(path, subsystem, lines, bound)


def between(before: Mapping[str, Kobject], after: Mapping[str, Kobject]) -> Iterator[Message]:
    """Give the messages of what went, children first, then of what came, parents first.

    A driver lets go of a device after what it made below is gone, and has it when all is there.
    """
    for path in sorted(before, key=_order, reverse=True):
        old, new = before[path], after.get(path)
        if old.driver and (new is None or new.driver != old.driver):
            yield old.message("unbind")
        if new is None:
            yield old.message("remove")
    yield from _arrivals(before, after)


def _arrivals(before: Mapping[str, Kobject], after: Mapping[str, Kobject]) -> Iterator[Message]:
    binding: list[Kobject] = []
    for path in sorted(after, key=_order):
        while binding and not path.startswith(f"{binding[-1].path}/"):
            yield binding.pop().message("bind")
        old, new = before.get(path), after[path]
        if old is None:
            yield new.message("add")
        if new.driver and (old is None or old.driver != new.driver):
            binding.append(new)
    while binding:
        yield binding.pop().message("bind")


def _order(path: str) -> tuple[int, list[str]]:
    parts = path.split("/")[1:]
    return (_EARLY.index(parts[0]) if parts[0] in _EARLY else len(_EARLY)), parts

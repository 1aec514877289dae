"""Messages that someone asks for by writing to a `uevent` file, as `udevadm trigger` does.

Linux lib/kobject_uevent.c, kobject_synth_uevent, and Documentation/ABI/testing/sysfs-uevent.
"""

import re
from typing import TYPE_CHECKING

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.sysfs.attributes import stripped

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

ACTIONS = frozenset({"add", "remove", "change", "move", "online", "offline", "bind", "unbind"})
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ARGUMENT = re.compile(r"([A-Za-z0-9]+)=([A-Za-z0-9]+)")


def announce(state: "State", path: str, text: str) -> None:
    """Send a message of the object at `path`: an action, then perhaps a UUID and arguments.

    Raises Refused(INVALID) when it is written in another way.
    """
    words = stripped(text).split(" ")
    action, rest = words[0], words[1:]
    if action not in ACTIONS or (rest and not _UUID.fullmatch(rest[0])):
        raise Refused(Reason.INVALID, f"{text!r} is no message")
    keys = {"SYNTH_UUID": rest[0] if rest else "0"}
    for argument in rest[1:]:
        found = _ARGUMENT.fullmatch(argument)
        if found is None:
            raise Refused(Reason.INVALID, f"{argument!r} is no argument")
        keys[f"SYNTH_ARG_{found[1]}"] = found[2]
    with state.change("uevent", quiet=True) as change:
        change.emit("uevent", None, action=action, path=path, **keys)

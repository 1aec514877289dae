"""Emulated nodes that live by themselves, from `drawplate hw up` to `drawplate hw down`."""

import json
import os
import re
import select
import signal
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drawplate.emulators.delivery.occupancy import (
    is_occupied,
    is_passing,
    occupy,
    release_mounts,
    remove_folder,
    sweep,
)
from drawplate.emulators.delivery.starting import Wanted, outside_networks, start_daemon
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.places import CONTROL_SOCKET, DESCRIPTION, JOURNAL, nodes_folder
from drawplate.emulators.problems import Problem, SetupProblem
from drawplate.emulators.state import journal

NAME_RULE = re.compile(r"[a-z0-9]([a-z0-9.-]{0,38}[a-z0-9])?")
# What a node may take to put everything away. Seconds.
_STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A node's folder, as `status` shows it. `passing`: it ends with a command that runs."""

    name: str
    folder: Path
    alive: bool
    passing: bool
    description: dict[str, Any]

    @property
    def control(self) -> Path:
        """Its control socket."""
        return self.folder / CONTROL_SOCKET


def up(wanted: Wanted, *, fresh: bool = False) -> bool:
    """Start a node, which stays up; tell whether it was not up already.

    It makes no links in the machine's network. A node that was killed goes on where it was; with `fresh` it begins with the machine file.
    Raises SetupProblem when it cannot be started, or is up with another machine.
    """
    sweep()
    there = find(wanted.folder.name)
    if there and there.alive:
        _check_same(there, wanted)
        return False
    lock = occupy(wanted.folder, passing=False)
    try:
        release_mounts(wanted.folder)
        if fresh:
            journal.remove(wanted.folder / JOURNAL)
        with warnings.catch_warnings():
            # The process outlives this one; if not, `subprocess` reaps it.
            warnings.simplefilter("ignore", ResourceWarning)
            start_daemon(outside_networks(wanted), with_parent=False, lock=lock)
    except Problem:
        if there is None:
            remove_folder(wanted.folder)
        raise
    finally:
        os.close(lock)
    return True


def down(name: str) -> bool:
    """End a node and remove all that it left; tell whether there was one.

    Raises SetupProblem for a node that a running command has.
    """
    there = find(name)
    if there is None:
        return False
    if there.alive and there.passing:
        raise SetupProblem(
            f"the node {name!r} ends with the command that it was started for",
            where=str(there.folder),
            cure="end that command",
        )
    if there.alive:
        _end(int(there.description.get("pid", 0)))
    remove_folder(there.folder)
    return True


def find(name: str) -> Standing | None:
    """Give a node, alive or not. Raises SetupProblem for what cannot name one."""
    check_name(name)
    folder = nodes_folder() / name
    if not folder.is_dir():
        return None
    return Standing(folder.name, folder, is_occupied(folder), is_passing(folder), _read(folder))


def every() -> list[Standing]:
    """Give all nodes, by name."""
    folders = nodes_folder()
    names = sorted(each.name for each in folders.iterdir()) if folders.is_dir() else []
    return [found for name in names if NAME_RULE.fullmatch(name) and (found := find(name))]


def check_name(name: str) -> None:
    """Raise SetupProblem for what cannot name a node."""
    if not NAME_RULE.fullmatch(name):
        raise SetupProblem(
            f"{name!r} cannot name a node",
            cure="use at most 40 of a-z, 0-9, - and ., with a letter or digit at both ends",
        )


def _check_same(there: Standing, wanted: Wanted) -> None:
    machine = there.description.get("machine", "")
    if machine != load(wanted.machine).machine:
        raise SetupProblem(
            f"the node {there.name!r} is up with the machine {machine}",
            where=str(there.folder),
            cure=f"end it (drawplate hw down {there.name}), or choose another name",
        )


def _end(pid: int) -> None:
    """Ask a node's process to end, and kill it when it does not."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            for number in (signal.SIGTERM, signal.SIGKILL):
                signal.pidfd_send_signal(descriptor, number)
                poll = select.poll()
                poll.register(descriptor, select.POLLIN)
                if poll.poll(_STOP_SECONDS * 1000):
                    return
        finally:
            os.close(descriptor)


def _read(folder: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        return found
    return {}

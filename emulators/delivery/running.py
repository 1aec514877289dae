"""`drawplate hw run`: a command on an emulated node, in a mount namespace of its own.

As root the node's files are in their places. The node lives in a namespace too, so that its mounts
vanish with it; the command gets a second one, in which they cover the machine's own. Other users
get environment variables alone.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from drawplate.emulators.delivery import guard
from drawplate.emulators.delivery.command import run_command
from drawplate.emulators.delivery.environment import environment
from drawplate.emulators.delivery.guard import Guard
from drawplate.emulators.delivery.mounting import NEW_MOUNTS, adopt_orphans, unshare
from drawplate.emulators.delivery.network import enter_network
from drawplate.emulators.delivery.occupancy import occupy
from drawplate.emulators.delivery.starting import (
    Wanted,
    end_of_log,
    in_own_network,
    outside_networks,
    start_daemon,
)
from drawplate.emulators.delivery.view import arrange, isolate
from drawplate.emulators.problems import SetupProblem

NO_ROOT = (
    "without root nothing can be put into place: the command finds the hardware by environment "
    "variables alone (LD_LIBRARY_PATH, SYSFS_ROOT, DEVFS_ROOT, NVIDIA_DRIVER_ROOT, …)"
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `tell` gets the lines for the user; with `network` the node has a network alone."""

    command: Sequence[str]
    own_environment: Mapping[str, str]
    tell: Callable[[str], None]
    network: bool = False

    def on_new_node(self, wanted: Wanted) -> int:
        """Start a node, run the command on it, end the node; give the command's exit code.

        Must be called by a process with one thread, which afterwards is in other namespaces.
        Raises SetupProblem.
        """
        with ExitStack() as stack:
            lock = occupy(wanted.folder, passing=True)
            stack.callback(os.close, lock)
            posted = guard.post(wanted.folder)
            stack.callback(posted.finish)
            if _is_root():
                _enter_own_mounts(posted)
                if self.network:
                    enter_network(wanted.folder)
            chosen = in_own_network(wanted) if self.network else outside_networks(wanted)
            daemon = start_daemon(chosen, with_parent=True, lock=lock)
            posted.tell_daemon(daemon.pid)
            return self._run(posted, wanted.folder, daemon)

    def on_node(self, folder: Path) -> int:
        """Run the command on a node that is up, which stays; give the command's exit code."""
        with ExitStack() as stack:
            posted = guard.post(None)
            stack.callback(posted.finish)
            return self._run(posted, folder, None)

    def _run(self, posted: Guard, folder: Path, daemon: Popen[bytes] | None) -> int:
        # What the command leaves behind is reaped here, and not left to whoever started us.
        adopt_orphans()
        placed = _is_root()
        if placed:
            _enter_own_mounts(posted)
            for each in arrange(folder):
                self.tell(f"not in place: {each.path}: {each.reason}")
        else:
            self.tell(NO_ROOT)

        def note(pid: int, status: int) -> None:
            if daemon is not None and pid == daemon.pid:
                code = os.waitstatus_to_exitcode(status)
                self.tell(f"the hardware process ended with status {code}\n{end_of_log(folder)}")

        variables = environment(folder, self.own_environment, placed=placed)
        return run_command(self.command, variables, note)


def _enter_own_mounts(posted: Guard) -> None:
    try:
        unshare(NEW_MOUNTS)
        isolate()
    except OSError as error:
        raise SetupProblem(
            f"this machine does not let root make a mount namespace: {error.strerror}",
            cure="run with CAP_SYS_ADMIN, or as another user, with environment variables alone",
        ) from None
    posted.tell_namespace()


def _is_root() -> bool:
    return os.geteuid() == 0

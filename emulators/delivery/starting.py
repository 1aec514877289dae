"""Starts the process of an emulated node and waits until it shows everything."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from drawplate.emulators.node import PARTS
from drawplate.emulators.places import LOG
from drawplate.emulators.problems import Problem, SetupProblem, SuiteError

# Compiling the libraries takes seconds when nothing is cached and the machine is busy.
START_SECONDS = 120.0
_MODULE = "drawplate.emulators.daemon"
_QUOTED_LINES = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which node to start: its machine, its name, its folder, and what of it is left out."""

    machine: str
    node: str
    folder: Path
    without: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


def in_own_network(wanted: Wanted) -> Wanted:
    """Let a node use the network namespace that it is started in, which nobody else is in."""
    # Where cables end is known below a mount that others do not share with this node.
    own = {"uevents.netns": "self", "nic.cabling": str(wanted.folder / "cabling")}
    if "metadata" in PARTS:
        own["metadata.link_local"] = "on"
    return replace(wanted, options={**own, **wanted.options})


def outside_networks(wanted: Wanted) -> Wanted:
    """Keep a node from making links in the machine's network, unless it was given another one."""
    if "nic.namespace" in wanted.options:
        return wanted
    return replace(wanted, without=(*wanted.without, "nic.links"))


def start_daemon(
    wanted: Wanted, *, with_parent: bool, lock: int | None = None, prefix: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start a node's process, in a session of its own, and give it when the node is ready.

    `with_parent` ends it when the calling process ends; it holds the descriptor `lock` as long as
    it lives. `prefix` is a command that becomes the process, in another namespace for example. Raises
    the problem that the process tells.
    """
    command = [*prefix, sys.executable, "-P", "-m", _MODULE, *_arguments(wanted)]
    if with_parent:
        command.append("--with-parent")
    with (wanted.folder / LOG).open("ab") as log:
        # The caller ends it.
        daemon = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            start_new_session=True,
            pass_fds=() if lock is None else (lock,),
        )
    try:
        _await_ready(daemon, wanted.folder / LOG)
    except BaseException:
        daemon.kill()
        daemon.wait()
        raise
    return daemon


def end_of_log(folder: Path) -> str:
    """Give the last lines that a node's process logged."""
    try:
        text = (folder / LOG).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-_QUOTED_LINES:])


def _arguments(wanted: Wanted) -> list[str]:
    words = ["--machine", wanted.machine, "--node", wanted.node, "--folder", str(wanted.folder)]
    if wanted.without:
        words += ["--without", ",".join(wanted.without)]
    for key, value in wanted.options.items():
        words += ["--option", f"{key}={value}"]
    return words


def _await_ready(daemon: subprocess.Popen[bytes], log: Path) -> None:
    if daemon.stdout is None:
        raise SuiteError("the process of a node has no standard output")
    with daemon.stdout as output:
        line = _read_line(output.fileno(), START_SECONDS, log)
    if line == b"ready":
        return
    try:
        told = json.loads(line)
    except ValueError:
        raise _died(daemon, log) from None
    daemon.wait()
    kind = SetupProblem if daemon.returncode == SetupProblem.exit_code else Problem
    raise kind(told["what"], where=told["where"], cure=told["cure"])


def _read_line(descriptor: int, seconds: float, log: Path) -> bytes:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + seconds
    data = b""
    while b"\n" not in data:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise SetupProblem(
                f"the emulated node is not ready after {seconds:.0f} s",
                where=str(log),
                cure="is the machine very busy? The log tells what the node was at",
            )
        piece = os.read(descriptor, 4096)
        if not piece:
            break
        data += piece
    return data.partition(b"\n")[0]


def _died(daemon: subprocess.Popen[bytes], log: Path) -> SuiteError:
    status = daemon.wait()
    return SuiteError(
        f"the process of an emulated node ended with status {status} while it started",
        where=f"the end of its log:\n{end_of_log(log.parent)}",
        cure="please report this",
    )

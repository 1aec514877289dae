"""The process of one emulated node: `python -m drawplate.emulators.daemon`.

It writes one line, `ready`, to its standard output when everything is shown, or the problem as
JSON, and ends on SIGTERM, SIGINT, or when the process that owns it has ended.
"""

import argparse
import ctypes
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from drawplate.emulators import places
from drawplate.emulators.ending import Ending
from drawplate.emulators.node import PARTS, Node, NodeSettings
from drawplate.emulators.problems import Problem, SetupProblem

_PR_SET_PDEATHSIG = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a node until it is told to end; 0 after a clean end, 3 when it cannot run."""
    given = _parser().parse_args(arguments)
    if given.with_parent:
        _end_with_parent()
    logging.basicConfig(
        level=given.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    ending = Ending()
    ending.on_signals()
    try:
        node = Node(_settings(given))
        node.operations["stop"] = ending.ask
        node.start()
    except Problem as problem:
        told = {"what": problem.what, "where": problem.where, "cure": problem.cure}
        print(json.dumps(told), flush=True)
        return problem.exit_code
    print("ready", flush=True)
    ending.wait()
    node.stop()
    if given.forget:
        node.forget()
    return 0


def _settings(given: argparse.Namespace) -> NodeSettings:
    options = dict(_option(text) for text in given.option)
    return NodeSettings(
        machine=given.machine,
        name=given.node,
        folder=(given.folder or places.node_folder(given.node)).absolute(),
        without=frozenset(name for name in given.without.split(",") if name),
        options=options,
    )


def _option(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or key.partition(".")[0] not in PARTS:
        raise SetupProblem(
            f"{text!r} is not an option",
            where="--option",
            cure=f"write PART.NAME=VALUE; parts are {', '.join(PARTS)}",
        )
    return key, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="drawplate-hw", description="One emulated node.")
    add = parser.add_argument
    add("--machine", required=True, metavar="FILE", help="a machine file, or a shipped one's name")
    add("--node", required=True, metavar="NAME")
    add("--folder", type=Path, metavar="DIR", help="where the node keeps its files")
    add("--without", default="", metavar="PART,…", help="parts that are left out")
    add("--option", action="append", default=[], metavar="PART.NAME=VALUE")
    add("--with-parent", action="store_true", help="end when the parent process ends")
    add("--forget", action="store_true", help="remove the folder after a clean end")
    add("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    return parser


def _end_with_parent() -> None:
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    # It may have ended before that was asked for.
    if os.getppid() != parent:
        sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())

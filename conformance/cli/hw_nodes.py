"""`drawplate hw up`, `down`, `status` and `run`: emulated nodes from start to end."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawplate.conformance.cli.output import tell
from drawplate.emulators.problems import SetupProblem

if TYPE_CHECKING:
    from drawplate.emulators.delivery.starting import Wanted


def add_actions(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions on nodes."""
    up = actions.add_parser("up", help="start an emulated node, which stays up")
    up.add_argument("name", nargs="?", metavar="NAME", help="its name; the machine's if left out")
    _add_machine(up, required=True)
    up.add_argument("--fresh", action="store_true", help="forget what was before a kill")
    up.set_defaults(run=run_up)
    down = actions.add_parser("down", help="end a node and remove all that it left")
    down.add_argument("name", nargs="?", metavar="NAME", help="the node; the only one if left out")
    down.add_argument("--all", action="store_true", help="every node that `up` started")
    down.set_defaults(run=run_down)
    status = actions.add_parser("status", help="show the emulated nodes")
    status.add_argument("name", nargs="?", metavar="NAME", help="the node; all if left out")
    status.add_argument("--json", action="store_true", help="print JSON")
    status.set_defaults(run=run_status)
    _add_run(actions)


def _add_run(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = actions.add_parser(
        "run",
        help="run a command on an emulated node",
        usage="drawplate hw run (--machine M [--node N] [--net] | [--on NAME]) -- COMMAND ...",
        description="Runs a command that finds the emulated hardware where real hardware is: /sys, "
        "/dev, /proc, libraries. With --machine a node is started for it and ends with it; else "
        "the command runs on a node that is up. Without root it gets environment variables alone.",
    )
    _add_machine(run, required=False)
    run.add_argument("--node", metavar="NAME", help="the new node's name; identities follow it")
    run.add_argument("--net", action="store_true", help="give the new node a network of its own")
    run.add_argument("--on", metavar="NAME", help="a node that is up")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    run.set_defaults(run=run_run)


def _add_machine(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--machine", required=required, metavar="M", help="a machine file, or a shipped one's name"
    )
    parser.add_argument(
        "--without", default="", metavar="PART,…", help="parts of the emulation to leave out"
    )
    parser.add_argument(
        "--option", action="append", default=[], metavar="PART.NAME=VALUE", help="for one part"
    )


def run_up(arguments: argparse.Namespace) -> int:
    """Start a node and say how to use it."""
    from drawplate.emulators.delivery import lifetime
    from drawplate.emulators.places import CONTROL_SOCKET, VARIABLE, node_folder

    name = arguments.name or _machine_name(arguments.machine)
    lifetime.check_name(name)
    wanted = _wanted(arguments, name, node_folder(name))
    if not lifetime.up(wanted, fresh=arguments.fresh):
        tell(f"the node {name} is up already")
    print(f"export {VARIABLE}={wanted.folder / CONTROL_SOCKET}")
    return 0


def run_down(arguments: argparse.Namespace) -> int:
    """End one node or all."""
    from drawplate.emulators.delivery import lifetime

    found = [each for each in lifetime.every() if not (each.alive and each.passing)]
    names = [each.name for each in found]
    if arguments.name:
        names = [arguments.name]
    elif not arguments.all and len(names) > 1:
        raise SetupProblem(
            "it is not clear which node is meant",
            where=f"up: {', '.join(names)}",
            cure="name one, or say --all",
        )
    for name in names:
        print(f"node {name} is down" if lifetime.down(name) else f"there is no node {name}")
    return 0


def run_status(arguments: argparse.Namespace) -> int:
    """Show one node or all."""
    from drawplate.conformance.cli.hw_tables import print_json, print_table
    from drawplate.emulators.delivery import lifetime

    found = [each for each in lifetime.every() if arguments.name in {None, each.name}]
    if arguments.name and not found:
        raise SetupProblem(f"there is no node {arguments.name!r}", cure="see drawplate hw status")
    rows = [_status(each) for each in found]
    if arguments.json:
        print_json(rows)
    elif rows:
        print_table(
            ("node", "machine", "state", "pid", "folder"), [tuple(row.values())[:5] for row in rows]
        )
    else:
        print("no emulated node is up")
    return 0


def _status(standing: Any) -> dict[str, Any]:
    known = standing.description
    kind = "running a command" if standing.passing else "up"
    return {
        "node": standing.name,
        "machine": known.get("machine", ""),
        "state": kind if standing.alive else "dead",
        "pid": known.get("pid") if standing.alive else None,
        "folder": str(standing.folder),
        "control": str(standing.control),
    }


def run_run(arguments: argparse.Namespace) -> int:
    """Run a command on a node and give its exit code."""
    from drawplate.conformance.cli.hw_target import find_control
    from drawplate.emulators.delivery.running import Run

    command = [*arguments.command]
    if command[:1] == ["--"]:
        del command[0]
    if not command:
        raise SetupProblem(
            "there is no command", cure="drawplate hw run --machine M -- COMMAND ..."
        )
    run = Run(command, os.environ, tell, network=arguments.net)
    if arguments.machine:
        return run.on_new_node(_passing_node(arguments))
    if arguments.net or arguments.node:
        raise SetupProblem("--net and --node are for a new node", cure="add --machine M")
    folder = find_control(arguments.on).parent
    if folder.is_relative_to("/proc"):
        raise SetupProblem(
            "the node of a cluster has its hardware in its own file system",
            cure=f"drawplate exec --node {arguments.on or 'NAME'} -- {' '.join(command)}",
        )
    return run.on_node(folder)


def _passing_node(arguments: argparse.Namespace) -> "Wanted":
    from drawplate.emulators.delivery.lifetime import check_name
    from drawplate.emulators.delivery.occupancy import sweep
    from drawplate.emulators.places import node_folder

    if arguments.on:
        raise SetupProblem("--on names a node that is up, --machine a new one", cure="say one")
    sweep()
    machine = _machine_name(arguments.machine)
    name = arguments.node or machine
    check_name(name)
    # Identities follow the name of the node, which is the same at every run; the folder may not be.
    folder = name if arguments.node else f"{machine}-{os.getpid()}"
    return _wanted(arguments, name, node_folder(folder))


def _wanted(arguments: argparse.Namespace, name: str, folder: Path) -> "Wanted":
    from drawplate.emulators.delivery.starting import Wanted

    without = tuple(part for part in arguments.without.split(",") if part)
    options = dict(text.partition("=")[::2] for text in arguments.option)
    # The process of the node has another working folder.
    file = Path(arguments.machine)
    machine = str(file.resolve()) if file.is_file() else arguments.machine
    return Wanted(machine, name, folder, without, options)


def _machine_name(machine: str) -> str:
    from drawplate.emulators.machine.shipped import load

    return load(machine).machine

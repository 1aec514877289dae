"""`drawplate machine`: the hardware of emulated nodes: list, show, check, draw, make and record."""

import argparse
import sys
from pathlib import Path

from drawplate.conformance.cli.new_file import write_new


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `machine` with `ls`, `show`, `check`, `draw`, `new` and `record`."""
    parser = commands.add_parser(
        "machine",
        help="list, show, check, draw, make or record machine files",
        description="A machine file is one YAML file that describes the hardware of a node: memory "
        "nodes, PCI tree, devices, driver versions, fabric.",
    )
    parser.set_defaults(run=run_ls)
    actions = parser.add_subparsers(metavar="ACTION")
    actions.add_parser("ls", help="list the shipped machines (the default)").set_defaults(
        run=run_ls
    )
    _add_readers(actions)
    _add_new(actions)
    _add_record(actions)


def _add_readers(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    show = actions.add_parser("show", help="print the devices of a node, with their identities")
    show.add_argument("--node", default="node-1", metavar="NAME", help="default: %(default)s")
    show.add_argument("--json", action="store_true", help="print everything, as JSON")
    show.set_defaults(run=run_show)
    check = actions.add_parser("check", help="tell whether a machine file is right")
    check.set_defaults(run=run_check)
    draw = actions.add_parser("draw", help="draw the topology")
    draw.add_argument("--svg", type=Path, metavar="FILE", help="write a picture to this file")
    draw.set_defaults(run=run_draw, node="node-1")
    for action in (show, check, draw):
        action.add_argument("machine", metavar="MACHINE", help="a shipped machine, or a file")


def _add_new(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    new = actions.add_parser(
        "new",
        help="write the files of a fleet of nodes like one machine",
        description="Writes one machine file per node, with serial numbers, asset tags and UUIDs "
        "that depend on the seed only.",
    )
    new.add_argument("machine", metavar="MACHINE", help="a shipped machine, or a file")
    new.add_argument("--nodes", type=int, default=1, metavar="K", help="default: %(default)s")
    new.add_argument("--seed", type=int, default=0, metavar="N", help="default: %(default)s")
    new.add_argument("-o", "--out", type=Path, default=Path(), metavar="DIR", help="default: here")
    new.set_defaults(run=run_new)


def _add_record(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    record = actions.add_parser(
        "record",
        help="write the machine file of this node",
        description="Reads the hardware of this node. Models that no profile describes are "
        "written into the file.",
    )
    record.add_argument("--sysfs", type=Path, default=Path("/sys"), metavar="DIR")
    record.add_argument("--nvml", action="store_true", help="ask NVIDIA's driver too")
    record.add_argument("--name", default="recorded", help="of the machine (default: %(default)s)")
    record.add_argument(
        "--keep-identities",
        action="store_true",
        help="write UUIDs, serial numbers and MAC addresses too",
    )
    record.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="a new file (default: print)"
    )
    record.set_defaults(run=run_record)


def run_ls(_arguments: argparse.Namespace) -> int:
    """Print one line per shipped machine."""
    from drawplate.emulators.machine.shipped import load, shipped
    from drawplate.emulators.machine.words import devices_in_words

    rows: list[tuple[str, ...]] = [("machine", "NUMA", "devices", "what it is")]
    for name in shipped():
        machine = load(name)
        rows.append((name, str(machine.numa.nodes), devices_in_words(machine), machine.about))
    _print_table(rows)
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    """Print the devices of a node."""
    from drawplate.emulators.machine.listing import as_json, as_rows
    from drawplate.emulators.machine.placed import place
    from drawplate.emulators.machine.shipped import load

    node = place(load(arguments.machine), arguments.node)
    if arguments.json:
        print(as_json(node))
        return 0
    _print_table(as_rows(node))
    versions = ", ".join(f"{name} {text}" for name, text in sorted(node.machine.driver.items()))
    print(f"drivers: {versions}")
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Print `ok`, or leave with 3."""
    from drawplate.emulators.machine.shipped import load

    load(arguments.machine)
    print("ok")
    return 0


def run_draw(arguments: argparse.Namespace) -> int:
    """Draw the topology into the terminal, or into a file."""
    from drawplate.emulators.machine.picture.scene import scene_of
    from drawplate.emulators.machine.placed import place
    from drawplate.emulators.machine.shipped import load

    scene = scene_of(place(load(arguments.machine), arguments.node))
    if arguments.svg:
        from drawplate.emulators.machine.picture.svg import svg_of

        write_new(arguments.svg, svg_of(scene), replace=True)
        print(arguments.svg)
        return 0
    from rich.console import Console

    from drawplate.emulators.machine.picture.terminal import tree_of

    Console(soft_wrap=True).print(tree_of(scene))
    return 0


def run_new(arguments: argparse.Namespace) -> int:
    """Write the files of a fleet."""
    from drawplate.emulators.machine.fleet import fleet

    files = fleet(arguments.machine, arguments.nodes, arguments.seed)
    for name, text in files.items():
        target = arguments.out / f"{name}.yaml"
        write_new(target, text)
        print(target)
    return 0


def run_record(arguments: argparse.Namespace) -> int:
    """Write the machine file of this node."""
    from drawplate.emulators.machine.record.recording import Wanted, record

    wanted = Wanted(
        sysfs=arguments.sysfs,
        nvml=arguments.nvml,
        name=arguments.name,
        keep_identities=arguments.keep_identities,
    )
    text, found = record(wanted)
    if arguments.out is None:
        sys.stdout.write(text)
        return 0
    write_new(arguments.out, text)
    print(f"{arguments.out}: {found}")
    return 0


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )

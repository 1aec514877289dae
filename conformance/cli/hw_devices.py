"""`drawplate hw ls`, `get`, `set`, `fault`, `heal` and the like: the hardware of one node."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drawplate.conformance.cli.hw_tables import print_json, print_table
from drawplate.conformance.cli.hw_words import matches, named, pair, typed
from drawplate.conformance.cli.output import tell
from drawplate.emulators.control.client import Hardware
from drawplate.emulators.problems import Problem, SetupProblem
from drawplate.emulators.refusals import Reason, Refused

REFUSED = 1
Action = Callable[[Hardware, argparse.Namespace], None]


def add_actions(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the actions on hardware."""
    for name, (action, about, arguments) in _ACTIONS.items():
        parser = actions.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        for flags, options in arguments:
            parser.add_argument(*flags, **options)
        parser.add_argument("--on", metavar="NAME", help="the node, or the cluster it belongs to")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.set_defaults(run=_running(action))


def _running(action: Action) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        from drawplate.conformance.cli.hw_target import open_hardware

        with open_hardware(arguments.on) as hardware:
            try:
                action(hardware, arguments)
            except Refused as refusal:
                tell(f"refused ({_word(refusal.reason)}): {refusal}")
                return REFUSED
            except SetupProblem:
                raise
            except Problem as problem:
                # The node's process tells what is wrong with what was asked.
                raise SetupProblem(problem.what, where=problem.where, cure=problem.cure) from None
            except KeyboardInterrupt:
                # How one stops what goes on.
                return 0
        return 0

    return run


def run_ls(hardware: Hardware, arguments: argparse.Namespace) -> None:
    """List the devices."""
    devices = {
        name: device
        for name, device in hardware.snapshot()["devices"].items()
        if "family" in device and (not arguments.devices or name in arguments.devices)
    }
    if arguments.json:
        print_json(devices)
        return
    columns = ("product", "address", "numa_node")
    rows = [
        (name, *(device[key] for key in columns), "present" if device["present"] else "absent")
        for name, device in devices.items()
    ]
    print_table(("device", "product", "address", "numa", "place"), rows)


def run_get(hardware: Hardware, arguments: argparse.Namespace) -> None:
    """Print values: one alone as it is, several with their names."""
    values = dict(hardware.get(arguments.device))
    if arguments.keys:
        values = {name: values[name] for key in arguments.keys for name in named(values, key)}
    if arguments.json:
        print_json(values)
    elif arguments.keys and [*values] == arguments.keys and len(values) == 1:
        (value,) = values.values()
        print(value if isinstance(value, str) else json.dumps(value))
    else:
        print_table(("property", "value"), sorted(values.items()))


def run_set(hardware: Hardware, arguments: argparse.Namespace) -> None:
    """Set values and print the generation that has them."""
    before = hardware.get(arguments.device)
    pairs = dict(pair(text) for text in arguments.values)
    values = {key: typed(text, before.get(key)) for key, text in pairs.items()}
    _print_generation(hardware.set(arguments.device, values), arguments)


def run_plug(hardware: Hardware, arguments: argparse.Namespace) -> None:
    """Put a device into its place."""
    _print_generation(hardware.plug(arguments.device), arguments)


def run_unplug(hardware: Hardware, arguments: argparse.Namespace) -> None:
    """Take a device away."""
    _print_generation(hardware.unplug(arguments.device), arguments)


def run_fault(hardware: Hardware, arguments: argparse.Namespace) -> None:
    """Let a fault happen, and print its ID."""
    parameters = dict(pair(text) for text in arguments.parameters)
    _print_reply(hardware.fault(arguments.device, arguments.fault, **parameters), arguments)


def run_heal(hardware: Hardware, arguments: argparse.Namespace) -> None:
    """End faults."""
    _print_reply(hardware.heal(arguments.device, arguments.fault), arguments)


def run_faults(hardware: Hardware, arguments: argparse.Namespace) -> None:
    """Show what is broken and what will be, or all that can break."""
    if arguments.catalogue:
        entries = hardware.call("catalogue", kind=None)
        if arguments.json:
            print_json(entries)
            return
        about = [(one["id"], " ".join(one.get("kinds", ())), one.get("about")) for one in entries]
        print_table(("fault", "devices", "what it is"), about)
        return
    found = hardware.call("faults")
    if arguments.json:
        print_json(found)
        return
    rows = [
        (state, one.get("id"), one.get("device"), one.get("fault"), _words(one.get("parameters")))
        for state in ("active", "pending")
        for one in map(_flat, found[state])
    ]
    if rows:
        print_table(("state", "id", "device", "fault", "parameters"), rows)
    else:
        print("nothing is broken")


def run_apply(hardware: Hardware, arguments: argparse.Namespace) -> None:
    """Start a scenario."""
    file = Path(arguments.scenario)
    name = str(file.resolve()) if file.is_file() else arguments.scenario
    _print_reply(hardware.call("apply", scenario=name, seed=arguments.seed), arguments)


def run_wait(hardware: Hardware, arguments: argparse.Namespace) -> None:
    """Wait until every reader sees a generation."""
    _print_generation(hardware.wait(arguments.generation, arguments.timeout), arguments)


def run_snapshot(hardware: Hardware, _arguments: argparse.Namespace) -> None:
    """Print everything that is true now."""
    print_json(hardware.snapshot())


def run_cdi(hardware: Hardware, arguments: argparse.Namespace) -> None:
    """Print a CDI specification."""
    print_json(hardware.call("cdi", devices=arguments.devices, kind=arguments.kind))


def run_trace(hardware: Hardware, arguments: argparse.Namespace) -> None:
    """Print calls of NVML as they come."""
    wanted = dict(pair(text) for text in arguments.filters)
    for item in hardware.stream("trace"):
        if "function" not in item or not matches(item, wanted):
            continue
        if arguments.json:
            print(json.dumps(item), flush=True)
        else:
            call = f"{item['function']}({item['device']})"
            print(f"{item['time']:.6f} {item['pid']:>7} {call} {item['result']}", flush=True)


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    return {**record.get("action", {}), **record}


def _words(parameters: Any) -> str:
    return " ".join(f"{key}={value}" for key, value in (parameters or {}).items())


def _print_generation(generation: int, arguments: argparse.Namespace) -> None:
    _print_reply({"generation": generation}, arguments)


def _print_reply(reply: dict[str, Any], arguments: argparse.Namespace) -> None:
    if arguments.json:
        print_json(reply)
        return
    for key, value in reply.items():
        if isinstance(value, list):
            shown = ", ".join(map(str, value)) if value else "none"
        else:
            shown = value
        print(f"{key} {shown}")


def _word(reason: Reason) -> str:
    return reason.name.lower().replace("_", " ")


Arguments = list[tuple[tuple[str, ...], dict[str, Any]]]
_DEVICE: Arguments = [
    (("device",), {"metavar": "DEVICE", "help": "such as gpu3; node is the node"})
]
_ACTIONS: dict[str, tuple[Action, str, Arguments]] = {
    "ls": (
        run_ls,
        "list the devices",
        [(("devices",), {"nargs": "*", "metavar": "DEVICE", "help": "all if left out"})],
    ),
    "get": (
        run_get,
        "print what is true of a device",
        [
            *_DEVICE,
            (("keys",), {"nargs": "*", "metavar": "PROPERTY", "help": "or the begin of its name"}),
        ],
    ),
    "set": (
        run_set,
        "change what is true of a device",
        [*_DEVICE, (("values",), {"nargs": "+", "metavar": "PROPERTY=VALUE"})],
    ),
    "fault": (
        run_fault,
        "let a fault happen, as in `fault gpu3 xid=79 for=10s`",
        [
            *_DEVICE,
            (("fault",), {"metavar": "FAULT", "help": "see `faults --catalogue`"}),
            (("parameters",), {"nargs": "*", "metavar": "NAME=VALUE"}),
        ],
    ),
    "heal": (
        run_heal,
        "end one fault of a device, or all",
        [
            (("device",), {"nargs": "?", "metavar": "DEVICE", "help": "all if left out"}),
            (("fault",), {"nargs": "?", "metavar": "FAULT", "help": "all of the device's"}),
        ],
    ),
    "faults": (
        run_faults,
        "show what is broken, and what waits to happen",
        [(("--catalogue",), {"action": "store_true", "help": "show all that can happen"})],
    ),
    "apply": (
        run_apply,
        "start a scenario",
        [
            (("scenario",), {"metavar": "FILE", "help": "a file, or a shipped scenario's name"}),
            (("--seed",), {"type": int, "metavar": "N", "help": "in place of the file's"}),
        ],
    ),
    "plug": (run_plug, "put a device into its place", _DEVICE),
    "unplug": (run_unplug, "take a device away", _DEVICE),
    "wait": (
        run_wait,
        "wait until every reader sees what was changed",
        [
            (("generation",), {"nargs": "?", "type": int, "help": "the present one if left out"}),
            (("--timeout",), {"type": float, "default": 30.0, "metavar": "SECONDS"}),
        ],
    ),
    "trace": (
        run_trace,
        "print who calls what of NVML, as in `trace function=*Temperature* device=gpu3`",
        [
            (
                ("filters",),
                {"nargs": "*", "metavar": "NAME=GLOB", "help": "function, device, result or pid"},
            )
        ],
    ),
    "cdi": (
        run_cdi,
        "print a CDI specification by which containers get devices",
        [
            (("devices",), {"nargs": "*", "metavar": "DEVICE", "help": "all if left out"}),
            (("--kind",), {"default": "hardware.drawplate/device", "help": "vendor and class"}),
        ],
    ),
    "snapshot": (run_snapshot, "print everything that is true, as JSON", []),
}

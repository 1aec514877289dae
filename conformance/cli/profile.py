"""`drawplate profile`: list, check and begin driver profiles."""

import argparse
import sys
from pathlib import Path

from drawplate.emulators.problems import SetupProblem

DEFAULT_REGISTRY = Path("/var/lib/kubelet/plugins_registry")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `profile` with `ls`, `check`, `init` and `schema`."""
    parser = commands.add_parser(
        "profile",
        help="check or begin the profile of a driver",
        description="A profile is one YAML file that says all that Drawplate knows of a driver.",
    )
    parser.set_defaults(run=run_ls)
    actions = parser.add_subparsers(metavar="ACTION")
    actions.add_parser("ls", help="list the shipped profiles (the default)").set_defaults(
        run=run_ls
    )
    check = actions.add_parser("check", help="tell everything that is wrong with a profile")
    check.add_argument("profile", metavar="FILE", help="a file, or the name of a shipped profile")
    check.set_defaults(run=run_check)
    actions.add_parser("schema", help="print the JSON Schema of profiles").set_defaults(
        run=run_schema
    )
    _add_init(actions)


def _add_init(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    init = actions.add_parser(
        "init",
        help="write the first profile of a running driver",
        description="Asks a running driver what it publishes, and on its own node also its "
        "registration socket, and writes a profile to begin with.",
    )
    init.add_argument("--kubeconfig", required=True, type=Path, metavar="FILE")
    init.add_argument("--driver", default="", metavar="NAME", help="when there are several")
    init.add_argument("--node", default="", metavar="NAME", help="the node to describe")
    init.add_argument(
        "--registry",
        type=Path,
        default=DEFAULT_REGISTRY,
        metavar="DIR",
        help=f"the kubelet's folder of registration sockets (default: {DEFAULT_REGISTRY})",
    )
    init.add_argument(
        "--out", type=Path, metavar="FILE", help="a new file (default: print the profile)"
    )
    init.set_defaults(run=run_init)


def run_ls(_arguments: argparse.Namespace) -> int:
    """Print one line per shipped profile, and one per variant."""
    from drawplate.conformance.profile.load import load, shipped

    for name, file in shipped().items():
        profile = load(name)
        variants = [f"{name}@{variant.name}" for variant in profile.variants]
        for title in (name, *variants):
            print(f"{title:32}{profile.driver.name:28}{file}")
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Print every finding; leave with 3 when there is one."""
    from datetime import datetime

    from drawplate.conformance.profile.check import check
    from drawplate.conformance.profile.findings import refuse
    from drawplate.conformance.profile.load import locate

    file, _ = locate(arguments.profile)
    findings = check(file, datetime.now().astimezone().date())
    if findings:
        raise refuse(file, findings)
    print(f"{file}: nothing is wrong")
    return 0


def run_schema(_arguments: argparse.Namespace) -> int:
    """Print the JSON Schema."""
    from drawplate.conformance.profile.schema import schema_text

    sys.stdout.write(schema_text())
    return 0


def run_init(arguments: argparse.Namespace) -> int:
    """Write the first profile of a running driver."""
    from drawplate.conformance.profile.draft import write
    from drawplate.conformance.profile.interview import interview

    findings = interview(arguments.kubeconfig, arguments.driver, arguments.node, arguments.registry)
    text = write(findings)
    if arguments.out is None:
        sys.stdout.write(text)
        return 0
    try:
        with arguments.out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise SetupProblem(
            f"the profile cannot be written: {error.strerror}",
            where=str(arguments.out),
            cure="name a new file in a folder that you may write to",
        ) from error
    print(f"{arguments.out}: {len(findings.devices)} devices of {findings.driver}")
    print(f"next: fill in deploy and observe, then `drawplate profile check {arguments.out}`")
    return 0

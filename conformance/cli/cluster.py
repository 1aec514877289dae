"""`drawplate up`, `status`, `logs`, `kubeconfig`, `exec`, `shell` and `down`: local clusters."""

import argparse
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.problems import SetupProblem

if TYPE_CHECKING:
    from drawplate.fixtures.clusters.local.cluster import LocalCluster

DEFAULT_NAME = "drawplate"
_SWITCH = {"true": True, "false": False}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands for clusters."""
    _add_up(commands)
    _add_looking(commands)
    _add_entering(commands)
    down = commands.add_parser("down", help="end a cluster and remove all that it created")
    _add_name(down)
    down.add_argument("--all", action="store_true", help="every cluster")
    down.set_defaults(run=run_down)


def _add_up(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    up = commands.add_parser(
        "up",
        help="start a local Kubernetes cluster",
        description="Starts a cluster of one node from plain processes, in namespaces of its own. "
        "Needs Linux and root; with --bench it is etcd and the API server only, without root.",
    )
    _add_name(up)
    up.add_argument("--bench", action="store_true", help="etcd and the API server only")
    up.add_argument(
        "--gates",
        default="default",
        metavar="SET",
        help="set of feature gates: default, all-beta or all-alpha",
    )
    up.add_argument(
        "--feature-gate",
        action="append",
        default=[],
        metavar="GATE=BOOL",
        help="one feature gate on top of the set; may be given again",
    )
    up.add_argument(
        "--machine",
        metavar="M",
        help="emulated hardware of the node: a machine file, or a shipped one's name",
    )
    up.add_argument("--kubernetes", default="1.37", metavar="VERSION", help="its version (1.37)")
    up.set_defaults(run=run_up)


def _add_looking(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    status = commands.add_parser("status", help="show clusters, their components and their state")
    status.add_argument("name", nargs="?", metavar="NAME", help="the cluster; all if left out")
    status.set_defaults(run=run_status)
    logs = commands.add_parser("logs", help="print the logs of a cluster's components")
    _add_name(logs)
    logs.add_argument("component", nargs="?", metavar="COMPONENT", help="all if left out")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as the logs grow")
    logs.set_defaults(run=run_logs)
    kubeconfig = commands.add_parser(
        "kubeconfig",
        help="print the path of a cluster's kubeconfig",
        epilog="export KUBECONFIG=$(drawplate kubeconfig)",
    )
    _add_name(kubeconfig)
    kubeconfig.set_defaults(run=run_kubeconfig)


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        nargs="?",
        default=DEFAULT_NAME,
        metavar="NAME",
        help=f"the cluster ({DEFAULT_NAME})",
    )


def _add_entering(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    inside = "in the node's namespaces instead of on the host"
    execute = commands.add_parser(
        "exec",
        help="run a command with KUBECONFIG set and kubectl on PATH",
        usage="drawplate exec [-h] [--node] NAME -- COMMAND ...",
        description="Runs a command with KUBECONFIG set and kubectl on PATH, and leaves with its "
        "exit code.",
    )
    execute.add_argument("--node", action="store_true", help=f"run it {inside}")
    execute.add_argument("name", metavar="NAME", help="the cluster")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    execute.set_defaults(run=run_exec)
    shell = commands.add_parser("shell", help="open a shell with KUBECONFIG and kubectl")
    shell.add_argument("--node", action="store_true", help=f"open it {inside}")
    _add_name(shell)
    shell.set_defaults(run=run_shell)


def run_up(arguments: argparse.Namespace) -> int:
    """Start a cluster and say how to use it."""
    from drawplate.fixtures.clusters.local import lifecycle
    from drawplate.fixtures.clusters.provider import ClusterSpec
    from drawplate.fixtures.progress import Progress

    spec = ClusterSpec(
        name=arguments.name,
        bench=arguments.bench,
        kubernetes=arguments.kubernetes,
        gates=arguments.gates,
        feature_gates=dict(map(_parse_gate, arguments.feature_gate)),
        machine=_machine(arguments.machine),
    )
    cluster = lifecycle.up(spec, Progress())
    print(f"export KUBECONFIG={cluster.kubeconfig}")
    return 0


def run_status(arguments: argparse.Namespace) -> int:
    """Show one cluster or all."""
    from drawplate.fixtures.clusters.local import lifecycle
    from drawplate.fixtures.clusters.local.status import describe

    names = [arguments.name] if arguments.name else lifecycle.names()
    if not names:
        print("no cluster is up")
    for name in names:
        cluster = lifecycle.find(name)
        if cluster:
            print(describe(cluster))
        elif name in lifecycle.names():
            print(f"cluster {name} {lifecycle.describe_rest(name)}")
        else:
            raise _missing(name)
    return 0


def run_logs(arguments: argparse.Namespace) -> int:
    """Print logs, each line after its component's name if there are several."""
    from drawplate.fixtures.clusters.local import logs

    cluster = _find(arguments.name)
    folder = cluster.layout.logs
    present = sorted(log.stem for log in folder.glob("*.log"))
    if arguments.component and arguments.component not in present:
        raise SetupProblem(
            f"cluster {cluster.name} has no component {arguments.component!r}",
            cure=f"it has {', '.join(present)}",
        )
    chosen = [arguments.component] if arguments.component else present
    if arguments.follow:
        lines = logs.follow(folder, chosen)
    else:
        lines = logs.read(folder / f"{component}.log" for component in chosen)
    try:
        for component, line in lines:
            print(line if arguments.component else f"{component:24}{line}", flush=arguments.follow)
    except KeyboardInterrupt:
        # How one stops to follow.
        pass
    return 0


def run_kubeconfig(arguments: argparse.Namespace) -> int:
    """Print the path of a kubeconfig."""
    print(_find(arguments.name).kubeconfig)
    return 0


def run_exec(arguments: argparse.Namespace) -> int:
    """Run a command for a cluster and give its exit code."""
    command = [*arguments.command]
    if command[:1] == ["--"]:
        del command[0]
    if not command:
        raise SetupProblem("there is no command", cure="drawplate exec NAME -- COMMAND ...")
    return _enter(_find(arguments.name), command, node=arguments.node)


def run_shell(arguments: argparse.Namespace) -> int:
    """Open a shell for a cluster."""
    cluster = _find(arguments.name)
    shell = "/bin/sh" if arguments.node else os.environ.get("SHELL", "/bin/sh")
    print(f"a shell for cluster {cluster.name}; leave it with `exit`")
    return _enter(cluster, [shell], node=arguments.node)


def run_down(arguments: argparse.Namespace) -> int:
    """End one cluster or all."""
    from drawplate.fixtures.clusters.local import lifecycle
    from drawplate.fixtures.progress import Progress

    names = lifecycle.names() if arguments.all else [arguments.name]
    for name in names:
        there = name in lifecycle.names()
        lifecycle.down(name, Progress())
        print(f"cluster {name} is down" if there else f"there is no cluster {name}")
    return 0


def _enter(cluster: "LocalCluster", command: list[str], *, node: bool) -> int:
    from drawplate.fixtures.clusters.local.entering import enter_node, host_environment

    environment = {**os.environ, **host_environment(cluster)}
    if node:
        command, environment = enter_node(cluster, command)
    try:
        return subprocess.call(command, env=environment)
    except OSError as error:
        raise SetupProblem(
            f"the command cannot be run: {error.strerror}", where=command[0]
        ) from error


def _find(name: str) -> "LocalCluster":
    from drawplate.fixtures.clusters.local import lifecycle

    cluster = lifecycle.find(name)
    if cluster is None:
        raise _missing(name)
    return cluster


def _missing(name: str) -> SetupProblem:
    from drawplate.fixtures.clusters.local import lifecycle

    others = [other for other in lifecycle.names() if lifecycle.find(other)]
    return SetupProblem(
        f"no cluster {name!r} is up",
        where=f"up: {', '.join(others)}" if others else "none is",
        cure=f"start it: drawplate up {name}",
    )


def _machine(given: str | None) -> str | None:
    # The cluster's processes have other working folders.
    return str(Path(given).resolve()) if given and Path(given).is_file() else given


def _parse_gate(text: str) -> tuple[str, bool]:
    gate, _, value = text.partition("=")
    if value.lower() not in _SWITCH:
        raise SetupProblem(
            f"{text!r} does not switch a feature gate",
            where="--feature-gate",
            cure="write it as DRAConsumableCapacity=true",
        )
    return gate, _SWITCH[value.lower()]

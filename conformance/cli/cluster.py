"""`drawplate up`, `status`, `logs`, `kubeconfig`, `exec`, `shell` and `down`: clusters."""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawplate.emulators.problems import SetupProblem

if TYPE_CHECKING:
    from drawplate.fixtures.clusters.provider import Cluster, ClusterSpec, Node

DEFAULT_NAME = "drawplate"
# As fixtures/clusters/existing/agent.py has it, which is not imported for the help text.
NODE_AGENT_IMAGE = "docker.io/library/busybox:1.37"
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
        help="start a Kubernetes cluster",
        description="Starts a cluster: by the provider local one node from plain processes, in "
        "namespaces of its own (needs Linux and root; with --bench etcd and the API server only, "
        "without root); by the provider kind several nodes in containers.",
    )
    _add_name(up)
    up.add_argument("--bench", action="store_true", help="etcd and the API server only")
    up.add_argument(
        "--feature-gate",
        action="append",
        default=[],
        metavar="GATE=BOOL",
        help="one feature gate on top of the set; may be given again",
    )
    up.add_argument(
        "--machine",
        action="append",
        default=[],
        metavar="M",
        help="emulated hardware of the nodes: a machine file, or a shipped one's name; given "
        "again, each is one node's",
    )
    add_cluster_options(up)
    up.set_defaults(run=run_up)


def add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """Add what says which kind of cluster is wanted."""
    # Not imported from the providers: the names alone are worth no import.
    parser.add_argument(
        "--provider",
        choices=("local", "kind", "existing"),
        default="local",
        help="local: processes of this machine; kind: containers, several nodes; existing: "
        "somebody else's cluster, by its kubeconfig",
    )
    parser.add_argument(
        "--nodes", type=int, default=1, metavar="N", help="how many nodes (kind; default 1)"
    )
    parser.add_argument(
        "--kubernetes", default="1.37", metavar="VERSION", help="its version (default 1.37)"
    )
    parser.add_argument(
        "--gates",
        default="default",
        metavar="SET",
        help="set of feature gates: default, all-beta or all-alpha",
    )
    parser.add_argument(
        "--kubeconfig", default="", metavar="FILE", help="of the cluster (existing)"
    )
    parser.add_argument(
        "--context", default="", metavar="NAME", help="in the kubeconfig (existing)"
    )
    parser.add_argument(
        "--node-selector",
        default="",
        metavar="KEY=VALUE",
        help="which nodes may be used (existing; all that are ready and schedulable)",
    )
    parser.add_argument(
        "--node-access",
        nargs="?",
        const=NODE_AGENT_IMAGE,
        default="",
        metavar="IMAGE",
        help="allow a privileged pod on each node, by which tests look into it and end processes "
        f"(existing; IMAGE has a shell and busybox's tools, by default {NODE_AGENT_IMAGE})",
    )
    parser.add_argument(
        "--probe-image",
        default="",
        metavar="REF",
        help="where nodes pull the probe's image from (existing)",
    )


def spec_of(arguments: argparse.Namespace, **more: Any) -> "ClusterSpec":
    """Give the specification that the options of `add_cluster_options` ask for."""
    from drawplate.fixtures.clusters.provider import ClusterSpec

    kubeconfig = arguments.kubeconfig
    return ClusterSpec(
        provider=arguments.provider,
        nodes=arguments.nodes,
        kubernetes=arguments.kubernetes,
        gates=arguments.gates,
        kubeconfig=str(Path(kubeconfig).absolute()) if kubeconfig else "",
        context=arguments.context,
        node_selector=arguments.node_selector,
        node_access=arguments.node_access,
        probe_image=arguments.probe_image,
        **more,
    )


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
        usage="drawplate exec [-h] [--node | --on NODE] NAME -- COMMAND ...",
        description="Runs a command with KUBECONFIG set and kubectl on PATH, and leaves with its "
        "exit code.",
    )
    _add_node(execute, f"run it {inside}")
    execute.add_argument("name", metavar="NAME", help="the cluster")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    execute.set_defaults(run=run_exec)
    shell = commands.add_parser("shell", help="open a shell with KUBECONFIG and kubectl")
    _add_node(shell, f"open it {inside}")
    _add_name(shell)
    shell.set_defaults(run=run_shell)


def _add_node(parser: argparse.ArgumentParser, words: str) -> None:
    parser.add_argument(
        "--node", dest="node", action="store_const", const="", help=f"{words}, on the first node"
    )
    parser.add_argument("--on", dest="node", metavar="NODE", help="the same on this node")
    parser.set_defaults(node=None)


def run_up(arguments: argparse.Namespace) -> int:
    """Start a cluster and say how to use it."""
    from drawplate.fixtures.clusters import providers
    from drawplate.fixtures.progress import Progress

    machines = [_machine(each) for each in arguments.machine]
    spec = spec_of(
        arguments,
        name=arguments.name,
        bench=arguments.bench,
        feature_gates=dict(map(_parse_gate, arguments.feature_gate)),
        # One is for all nodes.
        machine=machines[0] if len(machines) == 1 else None,
        machines=tuple(machines) if len(machines) > 1 else (),
    )
    cluster = providers.up(spec, Progress())
    print(f"export KUBECONFIG={cluster.kubeconfig}")
    return 0


def run_status(arguments: argparse.Namespace) -> int:
    """Show one cluster or all."""
    from drawplate.fixtures.clusters import providers

    names = [arguments.name] if arguments.name else providers.names()
    if not names:
        print("no cluster is up")
    for name in names:
        print(providers.describe(name))
    return 0


def run_logs(arguments: argparse.Namespace) -> int:
    """Print logs, each line after its component's name if there are several."""
    from drawplate.fixtures.clusters.local.cluster import LocalCluster

    cluster = _find(arguments.name)
    if isinstance(cluster, LocalCluster):
        return _print_logs(arguments, cluster.name, cluster.layout.logs)
    if arguments.follow:
        raise SetupProblem(
            f"the logs of cluster {cluster.name} cannot be followed",
            where="--follow",
            cure="leave it out; or on the node: journalctl -f -u kubelet",
        )
    with tempfile.TemporaryDirectory(prefix="drawplate-logs-") as name:
        cluster.collect_logs(Path(name))
        return _print_logs(arguments, cluster.name, Path(name))


def _print_logs(arguments: argparse.Namespace, name: str, folder: Path) -> int:
    from drawplate.fixtures.clusters.local import logs

    present = sorted(log.stem for log in folder.glob("*.log"))
    if arguments.component and arguments.component not in present:
        raise SetupProblem(
            f"cluster {name} has no component {arguments.component!r}",
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
    shell = "/bin/sh" if arguments.node is not None else os.environ.get("SHELL", "/bin/sh")
    print(f"a shell for cluster {cluster.name}; leave it with `exit`")
    return _enter(cluster, [shell], node=arguments.node)


def run_down(arguments: argparse.Namespace) -> int:
    """End one cluster or all."""
    from drawplate.fixtures.clusters import providers
    from drawplate.fixtures.progress import Progress

    names = providers.names() if arguments.all else [arguments.name]
    for name in names:
        there = name in providers.names()
        providers.down(name, Progress())
        print(f"cluster {name} is down" if there else f"there is no cluster {name}")
    return 0


def _enter(cluster: "Cluster", command: list[str], *, node: str | None) -> int:
    from drawplate.fixtures.clusters.environment import host_environment

    environment = {**os.environ, **host_environment(cluster)}
    if node is not None:
        command, environment = _node(cluster, node).entering(command)
    try:
        return subprocess.call(command, env=environment)
    except OSError as error:
        raise SetupProblem(
            f"the command cannot be run: {error.strerror}", where=command[0]
        ) from error


def _node(cluster: "Cluster", name: str) -> "Node":
    nodes = {node.name: node for node in cluster.nodes}
    if not nodes:
        raise SetupProblem(f"cluster {cluster.name} is a bench: it has no node")
    if name and name not in nodes:
        raise SetupProblem(
            f"cluster {cluster.name} has no node {name!r}",
            where="--node",
            cure=f"its nodes are {', '.join(nodes)}",
        )
    return nodes[name or cluster.node_name]


def _find(name: str) -> "Cluster":
    from drawplate.fixtures.clusters import providers

    cluster = providers.find(name)
    if cluster is None:
        raise providers.missing(name)
    return cluster


def _machine(given: str) -> str:
    # The cluster's processes have other working folders.
    return str(Path(given).resolve()) if Path(given).is_file() else given


def _parse_gate(text: str) -> tuple[str, bool]:
    gate, _, value = text.partition("=")
    if value.lower() not in _SWITCH:
        raise SetupProblem(
            f"{text!r} does not switch a feature gate",
            where="--feature-gate",
            cure="write it as DRAConsumableCapacity=true",
        )
    return gate, _SWITCH[value.lower()]

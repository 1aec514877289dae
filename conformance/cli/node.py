"""`drawplate node`: does to a cluster's nodes what happens to nodes, and heals it again."""

import argparse
from typing import TYPE_CHECKING

from drawplate.emulators.problems import SetupProblem

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from drawplate.fixtures.clusters.disturbing.disturber import Disturber
    from drawplate.fixtures.clusters.provider import Cluster, Node

    Disturb = Callable[[Disturber, Node, argparse.Namespace, Cluster], AbstractContextManager[None]]

DEFAULT_NAME = "drawplate"
_COMPONENTS = ("kubelet", "containerd")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its actions."""
    parser = commands.add_parser(
        "node",
        help="stop, reboot, cut off or fill up nodes of a cluster, and heal them",
        description="Does to a node what happens to nodes. What it does lasts until "
        "`drawplate node heal`, or until the cluster's end.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True, parser_class=type(parser))
    for name, (words, disturb, argument) in _DISTURBANCES.items():
        action = actions.add_parser(name, help=words)
        if argument == "component":
            action.add_argument("component", choices=_COMPONENTS)
        elif argument:
            action.add_argument(argument, metavar=argument.upper())
        _add_names(action)
        action.set_defaults(run=run_disturbance, disturb=disturb, ability=_ABILITIES[name])
    for name, words, run in (
        ("start", "start a component that was stopped or killed by hand", run_start),
        ("reboot", "do what a reboot does", run_reboot),
        ("heal", "undo all that is disturbed in a cluster", run_heal),
        ("status", "show what is disturbed in a cluster", run_status),
    ):
        action = actions.add_parser(name, help=words)
        if name == "start":
            action.add_argument("component", choices=_COMPONENTS)
        _add_names(action)
        action.set_defaults(run=run)


def run_disturbance(arguments: argparse.Namespace) -> int:
    """Do what lasts until it is healed."""
    from drawplate.fixtures.clusters.disturbing.disturber import Disturber

    cluster, node = _find(arguments)
    if arguments.ability not in node.abilities:
        raise SetupProblem(
            f"this cannot be done to node {node.name}",
            where=f"cluster {cluster.name} ({cluster.spec.provider})",
            cure="choose another node (--on), or a cluster of the provider local or kind",
        )
    disturber = Disturber(cluster, lasting=True)
    known = {each.name for each in disturber.active()}
    with arguments.disturb(disturber, node, arguments, cluster):
        pass
    for each in disturber.active():
        if each.name not in known:
            print(f"{each.node}: {each.words}")
    print(f"until: drawplate node heal {cluster.name}")
    return 0


def run_start(arguments: argparse.Namespace) -> int:
    """Start a component."""
    _, node = _find(arguments)
    node.start(arguments.component)
    print(f"{node.name}: {arguments.component} is ready")
    return 0


def run_reboot(arguments: argparse.Namespace) -> int:
    """Reboot a node."""
    from drawplate.fixtures.clusters.disturbing.disturber import Disturber

    cluster, node = _find(arguments)
    Disturber(cluster).reboot(node)
    print(f"{node.name}: rebooted")
    return 0


def run_heal(arguments: argparse.Namespace) -> int:
    """Undo everything."""
    from drawplate.fixtures.clusters.disturbing.disturber import Disturber

    cluster, _ = _find(arguments)
    healed = Disturber(cluster).heal()
    for each in healed:
        print(f"{each.node}: no more: {each.words}")
    if not healed:
        print(f"nothing is disturbed in cluster {cluster.name}")
    return 0


def run_status(arguments: argparse.Namespace) -> int:
    """Show everything."""
    from drawplate.fixtures.clusters.disturbing.disturber import Disturber

    cluster, _ = _find(arguments)
    active = Disturber(cluster).active()
    for each in active:
        print(f"{each.node}: {each.words}")
    if not active:
        print(f"nothing is disturbed in cluster {cluster.name}")
    return 0


def _add_names(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        nargs="?",
        default=DEFAULT_NAME,
        metavar="CLUSTER",
        help=f"the cluster (default {DEFAULT_NAME})",
    )
    parser.add_argument("--on", default="", metavar="NODE", help="the node (default: the first)")


def _find(arguments: argparse.Namespace) -> "tuple[Cluster, Node]":
    from drawplate.fixtures.clusters import providers

    cluster = providers.find(arguments.name)
    if cluster is None:
        raise providers.missing(arguments.name)
    return cluster, _node(cluster, arguments.on)


def _node(cluster: "Cluster", name: str) -> "Node":
    nodes = {node.name: node for node in cluster.nodes}
    if not nodes:
        raise SetupProblem(f"cluster {cluster.name} is a bench: it has no node")
    if name and name not in nodes:
        raise SetupProblem(
            f"cluster {cluster.name} has no node {name!r}",
            cure=f"its nodes are {', '.join(nodes)}",
        )
    return nodes[name or cluster.node_name]


_DISTURBANCES: "dict[str, tuple[str, Disturb, str]]" = {
    "stop": (
        "stop kubelet or containerd",
        lambda disturber, node, given, _: disturber.without(node, given.component),
        "component",
    ),
    "kill": (
        "kill kubelet or containerd",
        lambda disturber, node, given, _: disturber.without(node, given.component, killed=True),
        "component",
    ),
    "pause-api": (
        "stop the API server's process without ending it",
        lambda disturber, _node, _given, _: disturber.paused_api(),
        "",
    ),
    "cut-off": (
        "part a node from the API server",
        lambda disturber, node, _given, _: disturber.cut_off(node),
        "",
    ),
    "part": (
        "part a node from another one",
        lambda disturber, node, given, cluster: disturber.parted(node, _node(cluster, given.peer)),
        "peer",
    ),
    "fill": (
        "leave no room in a folder",
        lambda disturber, node, given, _: disturber.full(node, given.folder),
        "folder",
    ),
    "read-only": (
        "let nobody write to a folder",
        lambda disturber, node, given, _: disturber.read_only(node, given.folder),
        "folder",
    ),
}
_ABILITIES = {
    "stop": "components",
    "kill": "components",
    "pause-api": "api-server",
    "cut-off": "network",
    "part": "exec",
    "fill": "folders",
    "read-only": "folders",
}

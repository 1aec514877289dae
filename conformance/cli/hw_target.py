"""Which emulated node a command means: one of its own, or the node of a cluster."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.control.client import Hardware
from drawplate.emulators.places import CONTROL_SOCKET, VARIABLE, node_folder, node_names
from drawplate.emulators.problems import SetupProblem

if TYPE_CHECKING:
    from drawplate.fixtures.clusters.provider import Cluster


def open_hardware(name: str | None) -> Hardware:
    """Connect to the node that is meant. Raises SetupProblem when that is not clear."""
    return Hardware(find_control(name))


def find_control(name: str | None) -> Path:
    """Give the control socket of a node: by name, by DRAWPLATE_HW, or the only one that is up.

    A name is that of an emulated node, of a cluster, or of a cluster's node.
    """
    given = os.environ.get(VARIABLE)
    if name is None and given:
        return Path(given)
    if name in node_names():
        return node_folder(str(name)) / CONTROL_SOCKET
    every = find_controls()
    if name is None and len(every) == 1:
        return next(iter(every.values()))
    # A cluster's only node goes by its own name as well.
    for known, socket in {**_nodes(), **every}.items():
        if known == name:
            return socket
    raise _unclear(name, [*every])


def find_controls() -> dict[str, Path]:
    """Give the control sockets of all nodes by their names; a cluster's only one by the cluster's."""
    found = {each: node_folder(each) / CONTROL_SOCKET for each in node_names()}
    for cluster in _clusters():
        sockets = cluster.hardware
        found |= {cluster.name: next(iter(sockets.values()))} if len(sockets) == 1 else sockets
    return found


def _nodes() -> dict[str, Path]:
    return {name: path for cluster in _clusters() for name, path in cluster.hardware.items()}


def _clusters() -> "list[Cluster]":
    from drawplate.fixtures.clusters import providers

    return [found for name in providers.names() if (found := providers.find(name))]


def _unclear(name: str | None, known: list[str]) -> SetupProblem:
    if not known:
        return SetupProblem(
            f"no emulated node {name!r} is up" if name else "no emulated node is up",
            cure="start one: drawplate hw up --machine M; or a cluster: drawplate up --machine M",
        )
    what = f"no emulated node {name!r} is up" if name else "it is not clear which node is meant"
    return SetupProblem(what, where=f"up: {', '.join(known)}", cure="name one with --on")

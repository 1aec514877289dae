"""Puts the network cards of a node together: their interfaces, virtual functions, and flapping.

Options: `nic.namespace` is the file of the network namespace that is the node's (default: the one
of this process); `nic.cabling` is where the cables of this host live. `--without nic.links` leaves
the real interfaces out; the files in /sys stay.
"""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.devices.plan import FAMILIES
from drawplate.emulators.nic import (
    device_nodes,
    identity,
    namespaces,
    rdma,
    virtual_functions,
)
from drawplate.emulators.nic.flapping import Flapping
from drawplate.emulators.nic.surface import Interfaces
from drawplate.emulators.nic.window import Window, is_sysfs_of, open_sysfs
from drawplate.emulators.problems import SetupProblem

if TYPE_CHECKING:
    from drawplate.emulators.node import Node

_log = logging.getLogger(__name__)

# One for the host: nodes that name the same fabric are connected.
CABLING = Path("/run/drawplate/cabling/host")
_SYS = Path("/sys")
# The option of the trees that says which /sys shows through.
_LOWER = "tree.lower"


def attach(node: "Node") -> None:
    """Add what network cards need to the node."""
    state, settings = node.state, node.settings
    if device_nodes not in FAMILIES:
        FAMILIES.append(device_nodes)
    state.rules += [virtual_functions.follow, rdma.assign_numbers]
    state.recoverers.append(virtual_functions.follow)
    state.tickers.append(Flapping())
    # The rules say what is true from the start.
    with state.change("start", quiet=True):
        pass
    if settings.is_root:
        _look_through(node, Path(settings.options.get("nic.namespace", namespaces.OWN)))
    if "nic.links" in settings.without:
        return
    if not any(identity.has_interface(one.spec) for one in state.devices("nic", absent=True)):
        return
    if not settings.is_root:
        _log.warning("without root there are no network interfaces, only their files in /sys")
        return
    options = settings.options
    node.surfaces.append(
        Interfaces(
            owner=str(settings.folder),
            namespace=Path(options.get("nic.namespace", namespaces.OWN)),
            place=Path(options.get("nic.cabling", CABLING)),
        )
    )


def _look_through(node: "Node", path: Path) -> None:
    """Let the emulated /sys lie over that of the node's namespace, if /sys here is another's."""
    options = node.settings.options
    if _LOWER in options:
        return
    namespace = namespaces.open_namespace(path)
    try:
        root = open_sysfs(namespace)
    except SetupProblem as problem:
        _log.warning("%s", problem.what)
        return
    finally:
        os.close(namespace)
    if is_sysfs_of(root, _SYS):
        os.close(root)
        return
    window = Window(root, closing=lambda: options.pop(_LOWER))
    node.surfaces.append(window)
    options[_LOWER] = window.path

"""Puts the TPUs of a node together: tpu-env, the runtime's metrics, device nodes, idle times.

Option: `tpu.metrics` is the address of the metrics (default localhost:8431, if it is free), `off`
for none; they are served in the network namespace `nic.namespace`. Operations: `labels` of a real
node, and `container_environment` of whoever holds all chips.
"""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawplate.emulators.devices.plan import FAMILIES
from drawplate.emulators.nic import namespaces
from drawplate.emulators.tpu import device_nodes, slices, verbs
from drawplate.emulators.tpu.env_file import EnvFile
from drawplate.emulators.tpu.environment import container_environment
from drawplate.emulators.tpu.labels import node_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from drawplate.emulators.node import Node
    from drawplate.emulators.state.change import Change
    from drawplate.emulators.state.model import State

METRICS = "localhost:8431"


def attach(node: "Node") -> None:
    """Add what TPUs need to the node; nothing without TPUs."""
    if not node.state.devices(family="tpu", absent=True):
        return
    if device_nodes not in FAMILIES:
        FAMILIES.append(device_nodes)
    state = node.state
    state.rules.append(verbs.follow_losses)
    state.tickers.append(count_idle)
    node.operations["labels"] = lambda: node_labels(state)
    node.operations["container_environment"] = lambda: _container_environment(state)
    node.surfaces.append(EnvFile(node.settings.root))
    options = node.settings.options
    address = options.get("tpu.metrics", METRICS)
    if address != "off":
        # gRPC takes a while to import, and only nodes with TPUs need it.
        from drawplate.emulators.tpu.metrics_server import MetricsServer  # noqa: PLC0415

        enter = partial(_enter, options.get("nic.namespace"))
        node.surfaces.append(MetricsServer(address, enter, must="tpu.metrics" in options))


def _container_environment(state: "State") -> dict[str, str]:
    slice_ = slices.of(state)
    return container_environment(slice_) if slice_ else {}


def count_idle(change: "Change", seconds: float) -> None:
    """Let the idle time of every chip pass that does nothing: a ticker."""
    for chip in change.state.devices(family="tpu"):
        idle = 0.0 if chip["utilisation.duty_cycle"] else chip["idle.seconds"] + seconds
        change.set(chip, "idle.seconds", idle)


def _enter(path: str | None, action: "Callable[[], Any]") -> Any:
    if path is None:
        return action()
    namespace = namespaces.open_namespace(Path(path))
    try:
        return namespaces.run_inside(namespace, action)
    finally:
        os.close(namespace)

"""MIG on a node: what follows from other changes, and the operations of the control socket."""

from typing import TYPE_CHECKING

from drawplate.emulators.mig.instances import INSTANCES
from drawplate.emulators.mig.operations import operations
from drawplate.emulators.state.change import Change

if TYPE_CHECKING:
    from drawplate.emulators.node import Node


def attach(node: "Node") -> None:
    """Add the rule and the operations."""
    node.state.rules.append(end_with_power)
    node.operations.update(operations(node.state))


def end_with_power(change: Change) -> None:
    """End the instances of GPUs that are unplugged: they do not outlive the power."""
    for name in change.unplugged:
        device = change.state.device(name)
        if device.values.get(INSTANCES):
            change.set(device, INSTANCES, [])

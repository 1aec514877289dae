"""Puts faults into a node: operations, what follows events, and what waits for its moment.

Options of the node: `faults.cdi`, the folder in which drivers' CDI files say which claims are
prepared, and `faults.kmsg`, the kernel's log, when its lines are to go there.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.faults import layers, schedule
from drawplate.emulators.faults.claims import Claims
from drawplate.emulators.faults.kernel_log import KernelLog
from drawplate.emulators.faults.operations import FaultOperations
from drawplate.emulators.faults.timers import Timers

if TYPE_CHECKING:
    from drawplate.emulators.node import Node


def attach(node: "Node") -> None:
    """Let faults happen on `node`."""
    node.state.recoverers.append(layers.restore)
    timers = Timers()
    node.state.rules.append(schedule.follow)
    node.state.tickers.append(timers.look)
    node.surfaces.append(timers)
    options = node.settings.options
    kmsg = options.get("faults.kmsg")
    node.surfaces.append(KernelLog(node.settings.folder, Path(kmsg) if kmsg else None))
    if "faults.cdi" in options:
        node.surfaces.append(Claims(Path(options["faults.cdi"])))
    operations = FaultOperations(node.state)
    node.operations.update(operations.table())
    machine = node.state.node.machine
    if machine.faults:
        steps = [step.model_dump(exclude_defaults=True) for step in machine.faults]
        scenario = {"scenario": machine.machine, "about": "The machine file's own.", "steps": steps}
        node.beginnings.append(lambda: operations.apply(scenario))

"""The network interfaces of a node's cards: real ones, made and changed as the state says.

What others do to them, a driver that moves one into a pod or an administrator who renames one, is
followed: the state then says what the kernel says.
"""

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from drawplate.emulators.nic import identity, namespaces, plan
from drawplate.emulators.nic.cabling import Cabling, Port
from drawplate.emulators.nic.watcher import Watcher
from drawplate.emulators.problems import Problem
from drawplate.emulators.refusals import Refused
from drawplate.emulators.state.change import Changes
from drawplate.emulators.state.device import NODE, Device
from drawplate.emulators.state.model import State

_log = logging.getLogger(__name__)

# The cause of changes that follow the kernel, and must not be done to it again.
FOLLOWING = "netlink"

_GONE: Mapping[str, Any] = {
    "netdev.where": "none",
    "netdev.index": 0,
    "netdev.operstate": "down",
    "netdev.carrier": False,
    "netdev.name_taken": False,
}


class Interfaces:
    """The surface that makes the interfaces of one node."""

    name = "net"

    def __init__(self, owner: str, namespace: Path, place: Path) -> None:
        """Make them in `namespace`; cables and fabrics of this host live at `place`."""
        self.seen = 0
        self._owner, self._path, self._place = owner, namespace, place
        self._namespace = -1
        self._cabling: Cabling | None = None
        self._watcher: Watcher | None = None
        self._state: State | None = None
        self._made: set[str] = set()
        self._latest = 0

    def start(self, state: State) -> None:
        """Make what is missing; keep what an earlier process of this node left, end the rest."""
        self._state = state
        self._namespace = namespaces.open_namespace(self._path)
        self._cabling = cabling = Cabling(self._place, self._owner, self._namespace)
        wanted = plan.ports(state)
        for device in cabling.devices():
            if device in wanted and cabling.see(device):
                self._made.add(device)
            else:
                cabling.unplug(device)
        for device, port in wanted.items():
            if device not in self._made:
                cabling.plug(port)
                self._made.add(device)
            cabling.set_cable(device, up=bool(state.device(device)["cable.up"]))
        self._look()
        self._watcher = Watcher(cabling.events(), self._look)
        self._watcher.start()

    def apply(self, changes: Changes) -> None:
        """Do what changed to the kernel's links; `seen` moves when the state has followed them."""
        self._latest = changes.generation
        if not self._cabling or not self._state or not self._watcher:
            return
        if changes.cause == FOLLOWING or not self._concerned(changes):
            self.seen = changes.generation
            return
        wanted = plan.ports(self._state)
        gone, before = self._made - wanted.keys(), set(self._made)
        for device in gone:
            self._cabling.unplug(device)
        self._made &= wanted.keys()
        for device, port in wanted.items():
            self._show(self._cabling, port, changes.sets.get(device, {}))
        for device in gone | (self._made - before):
            self._tell(self._cabling, device)
        self._watcher.wake()

    def stop(self) -> None:
        """Take away every interface, wherever it is now."""
        if self._watcher:
            self._watcher.stop()
            self._watcher = None
        if self._cabling:
            self._cabling.close()
            self._cabling = None
        if self._namespace >= 0:
            os.close(self._namespace)
            self._namespace = -1
        self._made.clear()

    def _concerned(self, changes: Changes) -> bool:
        known = self._state.all_devices if self._state else {}
        changed = [known[name] for name in changes.sets if name in known]
        return changes.structural or any(one.spec.family == "nic" for one in changed)

    def _show(self, cabling: Cabling, port: Port, sets: Mapping[str, Any]) -> None:
        try:
            if port.device not in self._made:
                cabling.plug(port)
                self._made.add(port.device)
                sets = {"cable.up": self._value(port.device, "cable.up")}
            if "cable.up" in sets:
                cabling.set_cable(port.device, up=sets["cable.up"])
            if sets.keys() & {"netdev.name", "netdev.mac", "netdev.mtu", "netdev.up"}:
                cabling.set_port(
                    port.device,
                    name=port.name if "netdev.name" in sets else "",
                    mac=port.mac if "netdev.mac" in sets else "",
                    mtu=port.mtu if "netdev.mtu" in sets else 0,
                    up=sets.get("netdev.up"),
                )
        except (Problem, OSError) as problem:
            # The change is committed; the state follows the kernel, which did not do it.
            _log.warning("%s: %s", port.device, problem)

    def _tell(self, cabling: Cabling, name: str) -> None:
        """Let the state say that an interface came or went before the next surface is told.

        Who binds a driver finds the interface in /sys when the write returns.
        """
        device = self._state.all_devices.get(name) if self._state else None
        if device is not None:
            for key, value in _values(device, cabling).items():
                device.write(key, value)

    def _value(self, device: str, key: str) -> Any:
        return self._state.device(device)[key] if self._state else None

    def _look(self) -> None:
        if not self._state or not self._cabling:
            return
        with self._state.lock:
            latest = self._latest
            try:
                self._bring_home(self._state, self._cabling)
                with self._state.change(FOLLOWING, quiet=True) as change:
                    change.update(NODE, {"netdev.real": True})
                    for device in self._state.devices(family="nic", absent=True):
                        change.update(device, _values(device, self._cabling))
            except (OSError, Refused):
                # The next change is looked at all the same.
                _log.exception("cannot follow the interfaces")
            self.seen = max(self.seen, latest)
        self._state.surface_moved()

    def _bring_home(self, state: State, cabling: Cabling) -> None:
        """Give the node back, down, what was in a namespace that ended.

        The kernel moves a card to the first namespace then, but ends a veth (default_device_exit).
        """
        there = set(cabling.devices())
        for device, port in plan.ports(state).items():
            if device in self._made and device not in there:
                try:
                    cabling.plug(replace(port, up=False))
                except Problem as problem:
                    _log.warning("%s does not come back: %s", device, problem)
                    self._made.discard(device)


def _values(device: Device, cabling: Cabling) -> dict[str, Any]:
    seen = cabling.see(device.name)
    if seen is None:
        return dict(_GONE)
    name = identity.interface_name(device)
    values: dict[str, Any] = {
        "netdev.where": "node" if seen.here else "elsewhere",
        "netdev.index": seen.link.index,
        "netdev.operstate": seen.link.operstate,
        "netdev.carrier": seen.link.carrier,
        "netdev.name_taken": not seen.here and cabling.is_taken(name),
    }
    if seen.here:
        own = identity.permanent_mac(device.spec)
        values |= {
            "netdev.mac": "" if seen.link.mac == own else seen.link.mac,
            "netdev.mtu": seen.link.mtu,
            "netdev.up": seen.link.up,
        }
        if seen.link.name != name:
            values["netdev.name"] = seen.link.name
    return values

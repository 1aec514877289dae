"""The emulated hardware under a driver: found in the profile, started for a bench, reached on a node."""

import platform
from pathlib import Path
from typing import Any, Protocol

from drawplate.conformance.profile.model import Profile
from drawplate.emulators.control.client import Hardware
from drawplate.emulators.machine import shipped
from drawplate.emulators.node import Node as EmulatedNode
from drawplate.emulators.node import NodeSettings
from drawplate.emulators.places import CONTROL_SOCKET
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.clusters.provider import Node

# What a bench leaves out: it has no containers, and shares the network and /sys of this machine.
NOT_AT_A_BENCH = frozenset({"nic", "delivery", "uevents", "fuse"})


class UnderDriver(Protocol):
    """Emulated hardware as a suite handles it."""

    @property
    def root(self) -> Path:
        """The folder with sys/, dev/, proc/ and usr/, as the driver calls it."""

    def call(self, op: str, **arguments: Any) -> Any:
        """Run an operation of the control socket. Raises Refused or Problem."""


def machine_of(profile: Profile) -> str | None:
    """Find the machine that the profile names: a shipped one's name, or a file beside it.

    Raises SetupProblem when it is not there or not a machine file.
    """
    name = profile.hardware.machine
    if name is None:
        return None
    beside = profile.folder / name
    if not beside.is_file() and name not in shipped.shipped():
        raise SetupProblem(
            f"there is no machine {name!r}",
            where=f"{profile.source} (hardware.machine)",
            cure=f"shipped are {', '.join(sorted(shipped.shipped()))}; or name a file beside the "
            "profile",
        )
    machine = str(beside) if beside.is_file() else name
    shipped.load(machine)
    return machine


class BenchHardware:
    """The hardware of one bench node, in this process: it needs no root."""

    def __init__(self, machine: str, folder: Path, node_name: str, cdi: Path | None = None) -> None:
        """Start it, with its files below `folder`. Raises SetupProblem.

        With `cdi`, where a driver writes, faults may be told to happen when a claim is prepared.
        """
        options = {"faults.cdi": str(cdi)} if cdi else {}
        settings = NodeSettings(machine, node_name, folder, NOT_AT_A_BENCH, options)
        self._node = EmulatedNode(settings)
        self._node.start()

    @property
    def root(self) -> Path:
        """The folder with sys/, dev/, proc/ and usr/."""
        return self._node.settings.root

    def call(self, op: str, **arguments: Any) -> Any:
        """Run an operation."""
        return self._node.operations[op](**arguments)

    def close(self) -> None:
        """End it; its files stay."""
        self._node.stop()


class NodeHardware:
    """The hardware of a cluster's node, which the cluster was made with."""

    def __init__(self, node: Node, root: Path) -> None:
        """Reach it; `root` is the folder with sys/, dev/ and so on, as the node calls it."""
        self.root = root
        self._control = node.path(str(root.with_name(CONTROL_SOCKET)))

    @property
    def there(self) -> bool:
        """Tell whether the node has emulated hardware."""
        return self._control.exists()

    def call(self, op: str, **arguments: Any) -> Any:
        """Run an operation. Raises SetupProblem when nothing answers."""
        with Hardware(self._control) as connection:
            return connection.call(op, **arguments)


def renew(hardware: UnderDriver) -> None:
    """Bring hardware back to what its machine file says, and wait until every reader sees it."""
    hardware.call("reset")
    hardware.call("wait")


def library_folder(root: Path) -> Path:
    """Give the folder below `root` in which vendors' libraries are, by Debian's multiarch rule."""
    return root / "usr" / "lib" / f"{platform.machine()}-linux-gnu"


def carry_out(hardware: UnderDriver, step: str) -> None:
    """Do what a step of a lever says: the words of `drawplate hw`. Raises Refused or Problem."""
    verb, device, *words = step.split()
    if verb == "set":
        values = (word.partition("=") for word in words)
        hardware.call("set", device=device, values={key: _value(text) for key, _, text in values})
    elif words:
        hardware.call(verb, device=device, fault=" ".join(words))
    else:
        hardware.call(verb, device=device)


def _value(text: str) -> int | float | str | bool:
    if text in {"true", "false"}:
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text

"""Network namespaces for a test, what runs in them, and how it waits."""

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drawplate.emulators.nic.surface import Interfaces
from drawplate.emulators.state.model import State

# A test that waits so long has failed; nothing is measured against it. Seconds.
PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Lab:
    """Namespaces by name, and what runs in them."""

    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / name

    def run(self, namespace: str, *command: str) -> str:
        inside = ["nsenter", f"--net={self.path(namespace)}", *command]
        return subprocess.run(inside, check=True, capture_output=True, text=True).stdout

    def interfaces(self, namespace: str) -> set[str]:
        shown = self.run(namespace, "ip", "-brief", "link").splitlines()
        return {line.split()[0].partition("@")[0] for line in shown} - {"lo"}

    def move(self, interface: str, source: str, target: str) -> None:
        self.run(source, "ip", "link", "set", interface, "netns", str(self.path(target)))


Cards = Callable[..., State]
Cabled = Callable[..., Interfaces]


def settled(state: State) -> State:
    """Wait until the state has followed what was done to the interfaces."""
    assert state.wait(state.generation, PATIENCE)
    return state


def until(state: State, device: str, key: str, value: object) -> None:
    """Wait until a property has a value that comes from the kernel."""
    while state.device(device)[key] != value:
        assert state.wait(state.generation + 1, PATIENCE), f"{key} is {state.device(device)[key]!r}"


@dataclass(slots=True)
class Process:
    """A state process of a node whose interfaces are in the namespace `node` of a lab."""

    lab: Lab
    machine: str
    folder: Path
    options: tuple[str, ...] = ()
    daemon: "subprocess.Popen[str] | None" = None

    @property
    def sys(self) -> Path:
        return self.folder / "root" / "sys"

    def start(self) -> None:
        given = {"nic.namespace": self.lab.path("node"), "nic.cabling": self.lab.path("cabling")}
        options = [f"{key}={value}" for key, value in given.items()]
        command = [sys.executable, "-m", "drawplate.emulators.daemon", "--machine", self.machine]
        command += ["--node", "node-1", "--folder", str(self.folder), "--with-parent"]
        command += ["--without", "nvml,mig,smi,work,faults,delivery"]
        command += [f"--option={option}" for option in (*options, *self.options)]
        self.daemon = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.daemon.stdout is not None
        assert self.daemon.stdout.readline() == "ready\n"

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.daemon is None:
            return 0
        with self.daemon as daemon:
            daemon.send_signal(number)
            code = daemon.wait(PATIENCE)
        self.daemon = None
        return code

    def run(self, *command: str) -> str:
        """Run a program that takes the node's /sys and /dev for its own."""
        root = self.folder / "root"
        # Programs need the real /dev/null and /dev/urandom beside the emulated nodes.
        dev = f"mount -t overlay drawplate -o lowerdir={root}/dev:/dev /dev"
        script = f'mount --bind {root}/sys /sys && {dev} && exec "$@"'
        mounts = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
        ids = f"PCIDB_PATH={root}/usr/share/misc/pci.ids"
        return self.lab.run("node", "env", ids, *mounts, *command)


Processes = Callable[..., Process]

"""Who is at the other end of a socket: its process, and the devices that it was given."""

import os
import socket
import stat
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from drawplate.emulators.devices.plan import plan
from drawplate.emulators.mig.minors import minor
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State
from drawplate.emulators.work.partitions import NO_INSTANCE, Partition

_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Peer:
    """A process that connected; `pidfd` is readable once it has ended, or -1."""

    pid: int
    name: str
    pidfd: int
    # Whether it lives in another file system view than this process: a container, or `hw run`.
    apart: bool

    def may_use(self, state: State, device: Device, partition: Partition) -> bool:
        """Tell whether it was given the device: whether its nodes are in what it sees as /dev.

        Who sees the same files as this process sees all devices.
        """
        if not self.apart:
            return True
        if device.spec.kind == "nvidia-gpu":
            return all(self._sees(node) for node in _nvidia_nodes(device, partition))
        nodes = [path for path, one in plan(state).nodes.items() if one.device == device.name]
        # Of several nodes, such as card and renderD, containers need only one.
        return not nodes or any(self._sees(node) for node in nodes)

    def _sees(self, node: str) -> bool:
        try:
            mode = Path(f"/proc/{self.pid}/root/dev/{node}").stat().st_mode
        except OSError:
            return False
        return stat.S_ISCHR(mode)


def peer_of(connection: socket.socket) -> Peer:
    """Give the process that made a connection. Its pid is 0 if it is in no sight of this one."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid = _CREDENTIALS.unpack(data)[0]
    pidfd = -1
    if pid:
        with suppress(OSError):
            pidfd = os.pidfd_open(pid)
    return Peer(pid, _name(pid), pidfd, _is_apart(pid))


def _nvidia_nodes(device: Device, partition: Partition) -> tuple[str, ...]:
    whole = f"nvidia{device['minor']}"
    if partition.gi == NO_INSTANCE:
        return (whole,)
    numbers = (minor(device["minor"], partition.gi, ci) for ci in (None, partition.ci))
    return (whole, *(f"nvidia-caps/nvidia-cap{number}" for number in numbers))


def _name(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return words[0].decode(errors="replace")


def _is_apart(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/ns/mnt").readlink() != Path("/proc/self/ns/mnt").readlink()
    except OSError:
        # It may not be looked at: it is not one of ours, and says itself what it uses.
        return False

"""Who is at the other end of a socket: its process, and the devices that it was given."""

import os
import socket
import stat
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from drawplate.emulators.mig.minors import minor
from drawplate.emulators.state.device import Device
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

    def may_use(self, device: Device, partition: Partition) -> bool:
        """Tell whether it was given the device: whether its nodes are in what it sees as /dev.

        Who sees the same files as this process sees all devices.
        """
        return not self.apart or all(self._sees(node) for node in _nodes(device, partition))

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


def _nodes(device: Device, partition: Partition) -> tuple[str, ...]:
    if device.spec.kind != "nvidia-gpu":
        # Which nodes a GPU of another maker has depends on more than its index.
        return ()
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

"""A network namespace of a run's own, with a /sys that shows its links."""

import fcntl
import socket
import struct
from pathlib import Path

from drawplate.emulators.delivery.covering import cover, staging
from drawplate.emulators.delivery.mounting import (
    NEW_NETWORK,
    NO_DEV,
    NO_EXEC,
    NO_SUID,
    mount,
    unshare,
)

# linux/sockios.h, linux/if.h
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_REQUEST = struct.Struct("16sh14x")


def enter_network(room: Path) -> None:
    """Give this process a new network with a loopback link that is up.

    Must be called in a mount namespace of the caller's own; in `room` a folder is made for the
    meantime. Raises `OSError` without the privilege.
    """
    unshare(NEW_NETWORK)
    with staging(room) as stage:
        fresh = stage / "sysfs"
        fresh.mkdir()
        # A sysfs shows the links of the namespace that it was mounted in.
        mount("sysfs", fresh, "sysfs", flags=NO_SUID | NO_DEV | NO_EXEC)
        cover("/sys", fresh, stage)
    _raise_loopback()


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = _REQUEST.pack(b"lo", 0)
        _, flags = _REQUEST.unpack(fcntl.ioctl(control, _SIOCGIFFLAGS, request))
        fcntl.ioctl(control, _SIOCSIFFLAGS, _REQUEST.pack(b"lo", flags | _IFF_UP))

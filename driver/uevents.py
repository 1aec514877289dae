"""Tells when the kernel says that a device came, went, or changed."""

import logging
import os
import select
import socket
import threading
from collections.abc import Iterator

_log = logging.getLogger(__name__)

# Linux include/uapi/linux/netlink.h, and the group that the kernel itself sends to.
NETLINK_KOBJECT_UEVENT = 15
_KERNEL_GROUP = 1

# A whole server's hot-plug at once, before somebody reads. Bytes.
_BUFFER = 1 << 20

# Then it is looked whether `stop` is set. Seconds.
_LOOK_UP = 1.0


def uevents(stop: threading.Event) -> Iterator[None]:
    """Yield after each burst of the kernel's messages, until `stop` is set.

    Ends at once where such messages cannot be had.
    """
    try:
        source = socket.socket(
            socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT
        )
    except OSError as error:
        _log.info("no uevents here", extra={"error": str(error)})
        return
    with source:
        source.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        # Its own address is the kernel's to choose: this process may have other such sockets.
        source.bind((0, _KERNEL_GROUP))
        while not stop.is_set():
            ready, _, _ = select.select([source], [], [], _LOOK_UP)
            if ready and _drain(source):
                yield


def _drain(source: socket.socket) -> bool:
    """Read what is there; tell whether the kernel sent any of it, or something was lost."""
    genuine = False
    while True:
        try:
            _, (sender, _) = source.recvfrom(8192)
            genuine |= sender == 0
        except BlockingIOError:
            return genuine
        except OSError as error:
            # More came than there was room for: what was lost is unknown.
            _log.info("uevents were lost", extra={"error": os.strerror(error.errno or 0)})
            return True

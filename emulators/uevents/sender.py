"""Sends hot-plug messages through the kernel, which broadcasts them in a network namespace.

A message that root sends to NETLINK_KOBJECT_UEVENT comes to every listener of that namespace as
from the kernel itself, with a number appended (Linux lib/kobject_uevent.c, uevent_net_rcv).
"""

import contextlib
import ctypes
import os
import socket
import struct
import threading
from pathlib import Path

from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.uevents.messages import Message

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x4000_0000
_NETLINK_KOBJECT_UEVENT = 15
# Any type from here on is a message of the protocol; NLM_F_REQUEST.
_NLMSG_MIN_TYPE, _REQUEST = 0x10, 1

OWN = "self"


class Sender:
    """Messages to the listeners of one network namespace."""

    def __init__(self, namespace: str = OWN) -> None:
        """Open a socket in the namespace of that path, or in this process's own.

        Raises SetupProblem when there is none or this process may not.
        """
        self._socket: socket.socket | None = None
        self._error: OSError | None = None
        # Only a thread of its own can go elsewhere and never come back.
        thread = threading.Thread(target=self._open, args=(namespace,))
        thread.start()
        thread.join()
        if self._socket is None:
            raise SetupProblem(
                f"cannot send hot-plug messages: {self._error and self._error.strerror}",
                where=namespace,
                cure="run as root, and name a network namespace such as /proc/PID/ns/net",
            )

    def send(self, message: Message) -> None:
        """Send one message. Raises OSError."""
        if self._socket is not None:
            body = message.encoded()
            header = struct.pack("=IHHII", 16 + len(body), _NLMSG_MIN_TYPE, _REQUEST, 0, 0)
            self._socket.sendto(header + body, (0, 0))
            # The kernel says so when nobody listened, which is nothing to us.
            with contextlib.suppress(OSError):
                while self._socket.recv(4096, socket.MSG_DONTWAIT):
                    pass

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self, namespace: str) -> None:
        try:
            if namespace != OWN:
                _enter(Path(namespace))
            self._socket = socket.socket(
                socket.AF_NETLINK,
                socket.SOCK_DGRAM | socket.SOCK_CLOEXEC,
                _NETLINK_KOBJECT_UEVENT,
            )
            self._socket.bind((0, 0))
        except OSError as error:
            self._error = error


def _enter(namespace: Path) -> None:
    number = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _LIBC.setns(number, _CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
    finally:
        os.close(number)

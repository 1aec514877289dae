"""A socket of the kernel's rtnetlink that stays in the network namespace it was opened in.

pyroute2 opens a socket for each thread that uses it, wherever that thread is, or forks a child per
socket; a state process with threads in several namespaces needs to know where its requests go.
Message layouts: linux/netlink.h, linux/rtnetlink.h; all numbers are in host byte order.
"""

import os
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drawplate.emulators.nic import namespaces

_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ERROR = struct.Struct("=i")
_ATTRIBUTE = struct.Struct("=HH")

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
NLMSG_ERROR, NLMSG_DONE = 2, 3
# Set in the types of attributes that have attributes.
_TYPE_MASK = 0x3FFF

RTMGRP_LINK = 1
SOL_NETLINK, NETLINK_LISTEN_ALL_NSID = 270, 8

Attributes = Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class Message:
    """One reply: its type, the fixed part after the header, and what follows that."""

    kind: int
    body: bytes


class Socket:
    """Requests and their replies, one at a time, from any thread."""

    def __init__(self, namespace: int) -> None:
        """Open it in the namespace. Raises SetupProblem when that is not allowed."""
        self._socket = namespaces.run_inside(namespace, _open)
        self._lock = threading.Lock()
        self._sequence = 0

    def request(self, kind: int, body: bytes, flags: int = 0) -> list[Message]:
        """Send a request; give the replies. Raises OSError with the kernel's errno."""
        with self._lock:
            self._sequence += 1
            flags |= NLM_F_REQUEST | (0 if flags & NLM_F_DUMP == NLM_F_DUMP else NLM_F_ACK)
            header = _HEADER.pack(_HEADER.size + len(body), kind, flags, self._sequence, 0)
            self._socket.send(header + body)
            return self._replies()

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def _replies(self) -> list[Message]:
        found: list[Message] = []
        while True:
            for kind, sequence, body in _messages(self._socket.recv(1 << 18)):
                if sequence != self._sequence:
                    continue
                if kind == NLMSG_DONE:
                    return found
                if kind == NLMSG_ERROR:
                    code = -_ERROR.unpack_from(body)[0]
                    if code:
                        raise OSError(code, os.strerror(code))
                    return found
                found.append(Message(kind, body))


def open_events(namespace: int) -> socket.socket:
    """Open a socket that becomes readable when a link changes here or where a peer of one is."""

    def work() -> socket.socket:
        events = _open()
        events.setsockopt(SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1)
        events.bind((0, RTMGRP_LINK))
        return events

    return namespaces.run_inside(namespace, work)


def link_body(index: int, attributes: bytes, flags: int = 0, change: int = 0) -> bytes:
    """Give struct ifinfomsg with attributes."""
    return _LINK.pack(socket.AF_UNSPEC, 0, index, flags, change) + attributes


def link_head(body: bytes) -> tuple[int, int]:
    """Give the index and flags of struct ifinfomsg."""
    _family, _type, index, flags, _change = _LINK.unpack_from(body)
    return index, flags


def link_attributes(body: bytes) -> dict[int, bytes]:
    """Give the attributes that follow struct ifinfomsg."""
    return attributes_of(body[_LINK.size :])


def attribute(kind: int, value: bytes | str | int) -> bytes:
    """Encode one attribute; a number has 32 bits, a text ends in a NUL."""
    if isinstance(value, int):
        value = struct.pack("=I", value)
    elif isinstance(value, str):
        value = value.encode() + b"\0"
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def attributes_of(data: bytes) -> dict[int, bytes]:
    """Decode attributes; of several of one type the last counts."""
    found, offset = {}, 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            break
        found[kind & _TYPE_MASK] = data[offset + _ATTRIBUTE.size : offset + length]
        offset += length + (-length % 4)
    return found


def number(value: bytes) -> int:
    """Decode a signed number of 32 bits."""
    return int(struct.unpack("=i", value)[0])


def text(value: bytes) -> str:
    """Decode a text that ends in a NUL."""
    return value.rstrip(b"\0").decode(errors="replace")


def _open() -> socket.socket:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, _flags, sequence, _port = _HEADER.unpack_from(data, offset)
        yield kind, sequence, data[offset + _HEADER.size : offset + length]
        offset += length + (-length % 4)

"""The network interfaces of this node, as the kernel's rtnetlink tells of them.

Message layouts and numbers: linux/netlink.h, linux/rtnetlink.h, linux/if_link.h.
"""

import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_GETLINK, _GETROUTE = 18, 26
_REQUEST_DUMP = 0x1 | 0x300
_ERROR, _DONE = 2, 3

# struct nlmsghdr, struct ifinfomsg, struct rtmsg, struct rtattr.
_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ROUTE = struct.Struct("=BBBBBBBBI")
_ATTRIBUTE = struct.Struct("=HH")
_NUMBER = struct.Struct("=I")

_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU = 1, 3, 4
_RTA_OIF, _RTA_MULTIPATH = 4, 9
# In the types of attributes, flags are above the number.
_TYPE = 0x3FFF

# The kernel's own buffer of a dump is never larger.
_MOST = 1 << 16


@dataclass(frozen=True, slots=True)
class Link:
    """One interface of this network namespace."""

    name: str
    mac: str
    mtu: int


def links() -> list[Link]:
    """Give all interfaces. Raises OSError."""
    return list(_links().values())


def uplinks() -> set[str]:
    """Give the interfaces with a default route: by them the node itself is reached.

    Raises OSError.
    """
    names = _links()
    used: set[int] = set()
    for body in _dump(_GETROUTE, _ROUTE.pack(*[0] * 9)):
        # The length of the destination's prefix.
        if body[1] == 0:
            used |= set(_interfaces(_attributes(body[_ROUTE.size :])))
    return {names[index].name for index in used if index in names}


def _links() -> dict[int, Link]:
    found = {}
    for body in _dump(_GETLINK, _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        index = _LINK.unpack_from(body)[2]
        has = _attributes(body[_LINK.size :])
        name = has.get(_IFLA_IFNAME, b"").rstrip(b"\0").decode(errors="replace")
        mac = has.get(_IFLA_ADDRESS, b"").hex(":")
        found[index] = Link(name, mac, _NUMBER.unpack(has[_IFLA_MTU])[0])
    return found


def _interfaces(route: Mapping[int, bytes]) -> Iterator[int]:
    if _RTA_OIF in route:
        yield _NUMBER.unpack(route[_RTA_OIF])[0]
    hops = route.get(_RTA_MULTIPATH, b"")
    while hops:
        # struct rtnexthop: length, flags, hops, index of the interface.
        length, _, _, index = struct.unpack_from("=HBBI", hops)
        yield index
        hops = hops[(length + 3) & ~3 :]


def _dump(kind: int, body: bytes) -> Iterator[bytes]:
    """Give what follows the header of each reply. Raises OSError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0) as source:
        size = _HEADER.size + len(body)
        source.send(_HEADER.pack(size, kind, _REQUEST_DUMP, 1, 0) + body)
        while True:
            data = source.recv(_MOST)
            while data:
                length, kind, _, _, _ = _HEADER.unpack_from(data)
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    code = -struct.unpack_from("=i", data, _HEADER.size)[0]
                    raise OSError(code, "the kernel does not tell of interfaces")
                yield data[_HEADER.size : length]
                data = data[(length + 3) & ~3 :]


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        found[kind & _TYPE] = data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]
    return found

"""What this emulation asks of rtnetlink: veth pairs, bridges, and links of other namespaces.

Numbers: linux/if_link.h, linux/rtnetlink.h, linux/net_namespace.h, linux/veth.h.
"""

import errno
import socket
import struct
from dataclasses import dataclass
from ipaddress import ip_interface

from drawplate.emulators.nic.netlink import (
    NLM_F_CREATE,
    NLM_F_DUMP,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    Socket,
    attribute,
    attributes_of,
    link_attributes,
    link_body,
    link_head,
    number,
    text,
)

_RTM_NEWLINK, _RTM_DELLINK, _RTM_GETLINK = 16, 17, 18
_RTM_NEWADDR, _RTM_GETNSID = 20, 90
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_MASTER = 1, 3, 4, 5, 10
_IFLA_OPERSTATE, _IFLA_LINKINFO, _IFLA_NET_NS_FD = 16, 18, 28
_IFLA_CARRIER, _IFLA_LINK_NETNSID, _IFLA_TARGET_NETNSID = 33, 37, 46
_INFO_KIND, _INFO_DATA, _VETH_INFO_PEER = 1, 2, 1
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_NETNSA_NSID, _NETNSA_FD = 1, 3
_NESTED = 0x8000

IFF_UP = 0x1

# linux/if.h: IF_OPER_*, as class/net/<if>/operstate spells them.
OPERSTATES = (
    "unknown",
    "notpresent",
    "down",
    "lowerlayerdown",
    "testing",
    "dormant",
    "up",
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as the kernel tells of it; `namespace` is the id under which its namespace is known.

    `peer` and `peer_namespace` say where the other end of a veth is: its index, and the id of its
    namespace, which is None when it is the same.
    """

    index: int
    name: str
    mac: str
    mtu: int
    up: bool
    carrier: bool
    operstate: str
    peer: int
    peer_namespace: int | None
    namespace: int | None = None


@dataclass(frozen=True, slots=True)
class End:
    """What an end of a new veth pair is to be; it is down, since it has no peer while it is made."""

    name: str
    mac: str = ""
    mtu: int = 1500
    # A descriptor of the namespace for it; None is that of the socket.
    namespace: int | None = None


class Links:
    """Links of one namespace, and of those that it knows by an id."""

    def __init__(self, namespace: int) -> None:
        """Open a socket in the namespace. Raises SetupProblem."""
        self._socket = Socket(namespace)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def all(self) -> list[Link]:
        """Give the links of this namespace."""
        replies = self._socket.request(_RTM_GETLINK, link_body(0, b""), NLM_F_DUMP)
        return [_link(one.body, None) for one in replies]

    def named(self, name: str) -> Link | None:
        """Give the link of that name in this namespace."""
        return self._get(0, attribute(_IFLA_IFNAME, name), None)

    def numbered(self, index: int, namespace: int | None) -> Link | None:
        """Give the link with that index, in the namespace of that id."""
        return self._get(index, _target(namespace), namespace)

    def add_bridge(self, name: str) -> None:
        """Make a bridge that is up. Raises OSError."""
        info = attribute(_IFLA_LINKINFO | _NESTED, attribute(_INFO_KIND, "bridge"))
        body = link_body(0, attribute(_IFLA_IFNAME, name) + info, IFF_UP, IFF_UP)
        self._socket.request(_RTM_NEWLINK, body, NLM_F_CREATE | NLM_F_EXCL)

    def add_pair(self, here: End, there: End) -> None:
        """Make a veth pair. Raises OSError, EEXIST when one of the names is taken."""
        other = link_body(0, _end(there))
        data = attribute(_INFO_DATA | _NESTED, attribute(_VETH_INFO_PEER | _NESTED, other))
        info = attribute(_IFLA_LINKINFO | _NESTED, attribute(_INFO_KIND, "veth") + data)
        body = link_body(0, _end(here) + info)
        self._socket.request(_RTM_NEWLINK, body, NLM_F_CREATE | NLM_F_EXCL)

    # Every argument is one attribute of the message.
    def set(  # noqa: PLR0913
        self,
        link: Link,
        *,
        name: str = "",
        mac: str = "",
        mtu: int = 0,
        master: int | None = None,
        up: bool | None = None,
    ) -> None:
        """Change a link of this namespace. Raises OSError.

        One of another namespace cannot be changed from here: the kernel would move it.
        """
        attributes = attribute(_IFLA_IFNAME, name) if name else b""
        attributes += attribute(_IFLA_ADDRESS, _mac_bytes(mac)) if mac else b""
        attributes += attribute(_IFLA_MTU, mtu) if mtu else b""
        attributes += b"" if master is None else attribute(_IFLA_MASTER, master)
        flags = IFF_UP if up else 0
        body = link_body(link.index, attributes, flags, 0 if up is None else IFF_UP)
        self._socket.request(_RTM_NEWLINK, body)

    def delete(self, link: Link) -> None:
        """Delete a link, with its other end if it has one. Raises OSError."""
        self._socket.request(_RTM_DELLINK, link_body(link.index, _target(link.namespace)))

    def add_address(self, link: Link, address: str) -> None:
        """Give a link of this namespace an address, `10.8.0.1/24`. Raises OSError."""
        given = ip_interface(address)
        # Four is the version of the protocol.
        family = socket.AF_INET if given.version == 4 else socket.AF_INET6  # noqa: PLR2004
        head = struct.pack("=BBBBI", family, given.network.prefixlen, 0, 0, link.index)
        body = head + attribute(_IFA_LOCAL, given.packed) + attribute(_IFA_ADDRESS, given.packed)
        self._socket.request(_RTM_NEWADDR, body, NLM_F_CREATE | NLM_F_REPLACE)

    def id_of(self, namespace: int) -> int | None:
        """Give the id under which this namespace knows another; None when it does not yet."""
        body = struct.pack("=Bxxx", socket.AF_UNSPEC) + attribute(_NETNSA_FD, namespace)
        found = attributes_of(self._socket.request(_RTM_GETNSID, body)[0].body[4:])
        value = number(found[_NETNSA_NSID])
        return None if value < 0 else value

    def _get(self, index: int, attributes: bytes, namespace: int | None) -> Link | None:
        try:
            replies = self._socket.request(_RTM_GETLINK, link_body(index, attributes))
        except OSError as error:
            # The link, or the whole namespace that it was in, is gone.
            if error.errno in {errno.ENODEV, errno.EINVAL}:
                return None
            raise
        return _link(replies[0].body, namespace)


def _end(end: End) -> bytes:
    attributes = attribute(_IFLA_IFNAME, end.name) + attribute(_IFLA_MTU, end.mtu)
    if end.mac:
        attributes += attribute(_IFLA_ADDRESS, _mac_bytes(end.mac))
    if end.namespace is not None:
        attributes += attribute(_IFLA_NET_NS_FD, end.namespace)
    return attributes


def _target(namespace: int | None) -> bytes:
    return b"" if namespace is None else attribute(_IFLA_TARGET_NETNSID, namespace)


def _mac_bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def _link(body: bytes, namespace: int | None) -> Link:
    index, flags = link_head(body)
    has = link_attributes(body)
    peer_namespace = has.get(_IFLA_LINK_NETNSID)
    state = has.get(_IFLA_OPERSTATE, b"\0")[0]
    return Link(
        index=index,
        name=text(has[_IFLA_IFNAME]),
        mac=has.get(_IFLA_ADDRESS, b"").hex(":"),
        mtu=number(has[_IFLA_MTU]),
        up=bool(flags & IFF_UP),
        carrier=has.get(_IFLA_CARRIER, b"\0") != b"\0",
        operstate=OPERSTATES[state] if state < len(OPERSTATES) else "unknown",
        peer=number(has[_IFLA_LINK]) if _IFLA_LINK in has else 0,
        peer_namespace=None if peer_namespace is None else number(peer_namespace),
        namespace=namespace,
    )

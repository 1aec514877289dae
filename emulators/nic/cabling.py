"""The cables and switches of one host: veth peers and bridges, in a network namespace of their own.

The end that a driver sees is in the node's namespace, or in the pod's to which it was moved. The
other end stays here, on the bridge that is the fabric: nobody else touches it, it tells where the
first end is, and when it goes, the whole pair goes. Nodes of one host that name the same fabric
are connected. Peers are named after their owner, so that each node finds its own after a kill.
"""

import base64
import errno
import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from drawplate.emulators.nic import namespaces
from drawplate.emulators.nic.links import End, Link, Links
from drawplate.emulators.nic.netlink import open_events
from drawplate.emulators.nic.ownership import claim, claim_file, claim_files, is_dead
from drawplate.emulators.problems import SetupProblem

# What a veth takes at most (ETH_MAX_MTU), so that only the node's own end limits frames.
_PEER_MTU = 65535
# Names of links have at most 15 characters (IFNAMSIZ): five for the owner, ten for the device.
_OWNER_LENGTH = 5


@dataclass(frozen=True, slots=True)
class Port:
    """A network card's port as its driver names it, and the fabric that its cable leads to."""

    device: str
    fabric: str
    name: str
    mac: str
    mtu: int
    up: bool = True
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """Where the driver's end is, and how it is. `here`: in the node's own namespace."""

    link: Link
    here: bool
    cable_up: bool


class Cabling:
    """The cables of one node."""

    def __init__(self, place: Path, owner: str, node_namespace: int) -> None:
        """Join the host's cabling, which lives at `place`, or make it. Raises SetupProblem."""
        self._place = place
        self._prefix = _digest(owner)
        self._node_namespace = node_namespace
        _make_folder(place.parent)
        with ExitStack() as stack:
            self._alive = claim(claim_file(place, self._prefix))
            stack.callback(os.close, self._alive)
            with self._lock():
                if not namespaces.is_namespace(place):
                    namespaces.make_namespace(place)
                self._namespace = namespaces.open_namespace(place)
            stack.callback(os.close, self._namespace)
            self._fabric = Links(self._namespace)
            stack.callback(self._fabric.close)
            self._node = Links(node_namespace)
            stack.callback(self._node.close)
            self._ending = stack.pop_all()

    def events(self) -> socket.socket:
        """Give a socket that becomes readable when one of the links changes, wherever it is."""
        return open_events(self._namespace)

    def devices(self) -> list[str]:
        """Give the devices of this node that have a cable."""
        return [
            link.name[_OWNER_LENGTH:]
            for link in self._fabric.all()
            if link.name.startswith(self._prefix)
        ]

    def plug(self, port: Port) -> None:
        """Bring a port into being in the node's namespace, and put its cable on the fabric.

        Raises SetupProblem when the node has another interface of that name.
        """
        here = End(self._prefix + port.device, mtu=_PEER_MTU)
        there = End(port.name, port.mac, port.mtu, self._node_namespace)
        try:
            self._fabric.add_pair(here, there)
        except OSError as error:
            raise _cannot_make(port, error) from None
        with self._lock():
            bridge = self._bridge(port.fabric)
        peer = self._fabric.named(here.name)
        own = self._node.named(port.name)
        if peer and own:
            self._fabric.set(peer, master=bridge.index, up=True)
            self._node.set(own, up=port.up)
            for address in port.addresses:
                self._node.add_address(own, address)

    def unplug(self, device: str) -> None:
        """Take a port away, wherever it was moved to."""
        peer = self._fabric.named(self._prefix + device)
        if peer:
            with _gone_is_fine():
                self._fabric.delete(peer)

    def set_cable(self, device: str, *, up: bool) -> None:
        """Let the port have a carrier, or lose it."""
        peer = self._fabric.named(self._prefix + device)
        if peer and peer.up != up:
            self._fabric.set(peer, up=up)

    def set_port(
        self, device: str, *, name: str = "", mac: str = "", mtu: int = 0, up: bool | None = None
    ) -> None:
        """Change the port as the node's administrator would. Raises OSError.

        A port that is in another namespace is left alone.
        """
        seen = self.see(device)
        if seen and seen.here:
            self._node.set(seen.link, name=name, mac=mac, mtu=mtu, up=up)

    def see(self, device: str) -> Seen | None:
        """Give where the port is and how it is; None when there is none."""
        peer = self._fabric.named(self._prefix + device)
        if peer is None:
            return None
        link = self._fabric.numbered(peer.peer, peer.peer_namespace)
        if link is None:
            return None
        node = self._fabric.id_of(self._node_namespace)
        return Seen(link, here=peer.peer_namespace == node, cable_up=peer.up)

    def is_taken(self, name: str) -> bool:
        """Tell whether the node's namespace has an interface of that name."""
        return self._node.named(name) is not None

    def close(self) -> None:
        """Leave: unplug what this node has, and end the cabling when nobody is left on it."""
        with self._lock():
            _end_cables(self._fabric, self._prefix)
            claim_file(self._place, self._prefix).unlink(missing_ok=True)
            _drop_if_unused(self._fabric, self._place)
        self._ending.close()

    def _bridge(self, fabric: str) -> Link:
        # Names of fabrics are for people, and may be longer than those of links.
        name = "f" + _digest(fabric, 10)
        found = self._fabric.named(name)
        if found is None:
            self._fabric.add_bridge(name)
            found = self._fabric.named(name)
        if found is None:
            raise SetupProblem(f"cannot make the fabric {fabric!r}")
        return found

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with namespaces.locked(_lock_file(self._place)):
            yield


def sweep(place: Path) -> list[str]:
    """Take away the cables of nodes that were killed and not started again; give their owners.

    Those of nodes that are up are left alone: each holds a lock for as long as it lives.
    """
    if not namespaces.is_namespace(place):
        return []
    swept = []
    with namespaces.locked(_lock_file(place)):
        namespace = namespaces.open_namespace(place)
        links = Links(namespace)
        for owner, file in claim_files(place).items():
            if is_dead(file):
                _end_cables(links, owner)
                file.unlink(missing_ok=True)
                swept.append(owner)
        _drop_if_unused(links, place)
        links.close()
        os.close(namespace)
    return swept


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupProblem(
            f"the cables of this host cannot be kept here: {error.strerror}",
            where=str(folder),
            cure="choose a place with `--option nic.cabling=FILE`, or leave out `nic.links`",
        ) from None


def _end_cables(links: Links, owner: str) -> None:
    for link in links.all():
        if link.name.startswith(owner):
            with _gone_is_fine():
                links.delete(link)


def _drop_if_unused(links: Links, place: Path) -> None:
    # Also a node that has no cables yet has joined.
    if not claim_files(place) and not any(link.peer for link in links.all()):
        namespaces.drop_namespace(place)


def _lock_file(place: Path) -> Path:
    return place.with_name(f"{place.name}.lock")


def _digest(text: str, length: int = _OWNER_LENGTH) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.b32encode(digest)[:length].decode().lower()


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Its other end, or the namespace of that, went first.
        if error.errno != errno.ENODEV:
            raise


def _cannot_make(port: Port, error: OSError) -> SetupProblem:
    if error.errno == errno.EEXIST:
        return SetupProblem(
            f"there is an interface {port.name!r} already, so {port.device} cannot have that name",
            cure="give it another name (`netdev: {name: …}` in the machine file), "
            "or the node a network namespace of its own",
        )
    return SetupProblem(
        f"cannot make the interface {port.name!r}: {error.strerror}",
        cure="run as root with CAP_NET_ADMIN, on a kernel with veth and bridge",
    )

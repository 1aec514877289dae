"""The sites of a run, served to its workers: leases on them, and the drivers that stand there.

One process deploys the driver, the one that runs the certification. Workers are given leases by
it, and end and start the driver through it; everything else they see and do themselves. A worker
has one connection that lives as long as it does: with it go its leases, whatever ends it.
"""

import itertools
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener
from types import TracebackType
from typing import Any, Self

from drawplate.conformance.alone import Alone
from drawplate.conformance.cluster.opening import Order, open_sites
from drawplate.conformance.cluster.remote_deployment import CALLS
from drawplate.conformance.cluster.room import room
from drawplate.conformance.cluster.site import Site
from drawplate.conformance.cluster.tidy import recover
from drawplate.conformance.problems import Problem, SetupProblem, SuiteError
from drawplate.conformance.run.leases import ALL, LeaseBook, Ticket, Want

EVERYTHING: Want = {"cluster": ALL}


@dataclass(frozen=True, slots=True)
class HostAddress:
    """Where a host listens, and the key that it wants to see, in hexadecimal.

    When there is no host, `problem` says why: what, where, cure.
    """

    address: str = ""
    key: str = ""
    problem: tuple[str, str, str] | None = None


@contextmanager
def served(order: Order) -> Iterator[HostAddress]:
    """Deploy the driver on a cluster and serve its sites; at the end nothing of it is left.

    That it cannot be deployed is a matter of its tests: they are inconclusive.
    """
    with ExitStack() as undo:
        try:
            sites = undo.enter_context(open_sites(order))
        except SetupProblem as problem:
            yield HostAddress(problem=(problem.what, problem.where, problem.cure))
            return
        yield undo.enter_context(SiteHost(sites)).address


def wants(needs: Alone, nodes: Sequence[str], *, common: bool = False) -> list[Want]:
    """Say what a test wants of the book: an entry for each node on which it may run.

    The resources are "cluster", and "node:NAME", "driver:NAME" and "devices:NAME" of each node;
    devices that are `common` to the nodes are one resource, "devices".
    """
    if needs.part == "cluster":
        # On whichever node it stands, it has all of them.
        return [EVERYTHING]
    levels = {"node": 1, "driver": 2, "devices": 3}[needs.part]
    own = needs.devices or ALL
    found: list[Want] = []
    for node in nodes:
        shared = {"cluster": 1, f"node:{node}": 1, f"driver:{node}": 1}
        devices = "devices" if common else f"devices:{node}"
        names = [*shared, devices]
        want = dict.fromkeys(names[:levels], 1) | {names[levels]: own}
        # To have the driver of a node is to have its devices, from which others keep off it.
        found.append(want | {devices: own} if common else want)
    return found


class SiteHost:
    """Serves sites until it is left; deploying and removing is its caller's."""

    def __init__(self, sites: Sequence[Site]) -> None:
        """Count the devices, and begin to listen."""
        self._sites = {site.node.name: site for site in sites}
        self._locks = {name: threading.Lock() for name in self._sites}
        self._common = any(site.profile.capability("networkAttached") for site in sites)
        self._book = LeaseBook(_rooms(sites, common=self._common))
        self._tickets: dict[int, Ticket] = {}
        self._numbers = itertools.count(1)
        self._closing = False
        key = secrets.token_hex(16)
        # Of the abstract namespace (unix(7)): no file to find a place for, none to leave behind.
        self.address = HostAddress(f"\0drawplate-{secrets.token_hex(8)}", key)
        self._listener = Listener(self.address.address, "AF_UNIX", authkey=key.encode())
        self._thread = threading.Thread(target=self._listen, name="site host", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Do nothing any more for anybody; what is being done with a driver is waited for."""
        if self._closing:
            return
        self._closing = True
        with suppress(OSError, EOFError):
            Client(self.address.address, authkey=self.address.key.encode()).close()
        self._thread.join()
        self._listener.close()
        for lock in self._locks.values():
            lock.acquire()

    def _listen(self) -> None:
        while not self._closing:
            # Somebody may have gone before it had said who it is.
            with suppress(OSError, EOFError):
                connection = self._listener.accept()
                threading.Thread(
                    target=self._serve, args=(connection,), name="site worker", daemon=True
                ).start()

    def _serve(self, connection: Connection) -> None:
        lease = _LeaseTaker(connection)
        with connection, suppress(EOFError, OSError):
            while not self._closing:
                word, *arguments = connection.recv()
                if word == "take":
                    self._take(lease, *arguments)
                elif word == "widen":
                    self._widen(lease)
                elif word == "give":
                    self._give(lease)
                else:
                    connection.send(self._answer(word, arguments))
        self._lost(lease)

    # Leases.

    def _take(self, taker: "_LeaseTaker", needs: Alone) -> None:
        nodes = [*self._sites]
        if needs.part == "node":
            # Without the control plane tests on other nodes would see its absence.
            nodes = [name for name, site in self._sites.items() if not site.control_plane] or nodes
        taker.nodes = nodes[:1] if needs.part == "cluster" else nodes
        self._book.ask(self._enter(taker, self._wants(needs, nodes)))

    def _widen(self, taker: "_LeaseTaker") -> None:
        """Take the whole node of a lease, before anybody else is let on it."""
        ticket, node = taker.ticket, taker.node
        if ticket is None:
            raise SuiteError("a lease is to be widened that nobody has")
        taker.nodes = [node]
        self._book.swap(
            ticket, self._enter(taker, self._wants(Alone("node"), [node]), taker.number)
        )

    def _give(self, taker: "_LeaseTaker") -> None:
        if taker.ticket:
            self._book.give(taker.ticket)
            self._tickets.pop(taker.number, None)
        taker.ticket = None

    def _wants(self, needs: Alone, nodes: Sequence[str]) -> list[Want]:
        return wants(needs, nodes, common=self._common)

    def _enter(self, taker: "_LeaseTaker", alternatives: Sequence[Want], number: int = 0) -> Ticket:
        taker.number = number or next(self._numbers)
        taker.ticket = Ticket(alternatives, taker.granted, taker)
        self._tickets[taker.number] = taker.ticket
        return taker.ticket

    def _lost(self, taker: "_LeaseTaker") -> None:
        """Put in order what a worker left that ended with a lease, before anybody uses it."""
        held = self._book.leave(taker)
        if not held or self._closing:
            return
        alone = threading.Event()
        mending = Ticket([EVERYTHING], lambda *_: alone.set())
        whole = any(ticket.held == EVERYTHING for ticket in held)
        for ticket in held:
            self._book.swap(ticket, mending)
        alone.wait()
        for name, site in self._sites.items():
            if whole or name == taker.node:
                with self._locks[name]:
                    _recover(site)
        self._book.give(mending)

    # Questions.

    def _answer(self, word: str, arguments: Sequence[Any]) -> tuple[Any, ...]:
        try:
            return ("ok", self._ask(word, *arguments))
        except Problem as problem:
            return (type(problem).__name__, problem.what, problem.where, problem.cure)
        # Whoever asked must be told, whatever it is.
        except Exception as error:  # noqa: BLE001
            return ("SuiteError", f"{type(error).__name__}: {error}", word, "")

    def _ask(self, word: str, *arguments: Any) -> Any:
        if word == "company":
            number, node = arguments
            return self._book.others(self._tickets[number], f"driver:{node}")
        if word == "crowded":
            number, node = arguments
            return f"driver:{node}" in self._tickets[number].company
        if word == "nodes":
            return [*self._sites]
        return self._ask_of(self._sites[arguments[0]], word, *arguments[1:])

    def _ask_of(self, site: Site, word: str, *arguments: Any) -> Any:
        if word == "right":
            return site.state.right
        if word == "recall":
            return site.driver.memory
        if word == "note":
            (site.driver.memory,) = arguments
            return None
        if word in CALLS:
            with self._locks[site.node.name]:
                found = getattr(site.driver.deployment, word)
                return found(*arguments) if callable(found) else found
        raise SuiteError(f"nobody serves {word!r}")


class _LeaseTaker:
    """The far end of a connection that takes leases, one at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.ticket: Ticket | None = None
        self.nodes: Sequence[str] = ()
        self.number = 0
        self.node = ""

    def granted(self, _ticket: Ticket, index: int) -> None:
        self.node = self.nodes[index]
        # That it has gone is told by the end of its connection.
        with suppress(OSError):
            self._connection.send(("ok", self.node, self.number))


def _rooms(sites: Sequence[Site], *, common: bool) -> Mapping[str, int]:
    if common:
        return {"devices": min(map(_room, sites))}
    return {f"devices:{site.node.name}": _room(site) for site in sites}


def _room(site: Site) -> int:
    def find_class(name: str) -> Mapping[str, Any]:
        return site.api.find("DeviceClass", name) or {"spec": {}}

    return room(site.profile, site.driver.slices.current(), find_class, site.driver.slices.node)


def _recover(site: Site) -> None:
    try:
        recover(site)
    # Later tests are told, and nobody is waiting here.
    except Exception as error:  # noqa: BLE001
        site.driver.memory.hopeless = f"a worker died, and its node is not in order: {error}"

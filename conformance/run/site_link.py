"""A worker's way to the process of the run that has the sites: leases, and the driver."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Client, Connection
from typing import Any

from drawplate.conformance.alone import Alone
from drawplate.conformance.problems import SetupProblem, SuiteError
from drawplate.conformance.run.site_host import HostAddress

PROBLEMS = {"SetupProblem": SetupProblem, "SuiteError": SuiteError}


class SiteLink:
    """One worker's connections: one that holds its lease, and one for each question.

    A question may be given up at any time, by a test that has used up its time; so no answer to
    it may be taken for the answer to the next.
    """

    def __init__(self, host: HostAddress) -> None:
        """Connect. Raises SuiteError when nobody listens."""
        self._host = host
        self._leases = self._connect()
        self.node = ""
        self.number = 0

    def close(self) -> None:
        """Give back all; the same happens when the process ends."""
        self._leases.close()

    def take(self, needs: Alone) -> None:
        """Wait for a lease; `node` is where it is then, `number` which it is."""
        self._leases.send(("take", needs))
        self._receive()

    def widen(self) -> None:
        """Wait until all of the node is ours; a test's time does not pass meanwhile."""
        self._leases.send(("widen",))
        with _time_stands_still():
            self._receive()

    def give(self) -> None:
        """Give the lease back."""
        self._leases.send(("give",))

    def ask(self, word: str, *arguments: Any) -> Any:
        """Ask the host. Raises the Problem that it answers with."""
        with self._connect() as connection:
            connection.send((word, *arguments))
            kind, *answer = connection.recv()
        if kind != "ok":
            what, where, cure = answer
            raise PROBLEMS.get(kind, SuiteError)(what, where=where, cure=cure)
        return answer[0]

    def _receive(self) -> None:
        _, self.node, self.number = self._leases.recv()

    def _connect(self) -> Connection:
        try:
            return Client(self._host.address, authkey=self._host.key.encode())
        except OSError as error:
            raise SuiteError(f"the run that this worker belongs to is gone: {error}") from error


@contextmanager
def _time_stands_still() -> Iterator[None]:
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)

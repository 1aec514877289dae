"""The record of every call between us and a driver: one JSON line each, with begin and end."""

import itertools
import json
import threading
import time as clock
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call that has ended.

    `sequence` counts calls in the order in which they began, from 1. `time` is the wall clock at
    the begin (seconds since 1970), `began` and `ended` are the monotonic clock in seconds, so
    two calls overlap when each began before the other ended. `status` is the name of the gRPC
    status, "OK" for success; `error` its text. `reply` is None unless the status is "OK".
    """

    sequence: int
    time: float
    began: float
    ended: float
    method: str
    driver: str
    endpoint: str
    version: str
    request: Message
    reply: Message | None = None
    status: str = "OK"
    error: str = ""

    @property
    def seconds(self) -> float:
        """How long the call took."""
        return self.ended - self.began

    def overlaps(self, other: "Call") -> bool:
        """Say whether both calls were under way at one time."""
        return self.began < other.ended and other.began < self.ended

    def claims(self) -> tuple[str, ...]:
        """Give the UIDs of the claims that the request names, in its order."""
        return tuple(claim.get("uid", "") for claim in self.request.get("claims", ()))

    def essence(self) -> tuple[str, str, str, tuple[str, ...], str, tuple[str, ...]]:
        """Give what must be equal when another kubelet plays the same scenario.

        That is driver, method, service version, claim names in order, status and the claims that
        the reply refused; UIDs, times and socket paths differ from run to run.
        """
        names = {claim.get("uid", ""): claim.get("name", "") for claim in self._asked()}
        answers = (self.reply or {}).get("claims", {})
        refused = sorted(names.get(uid, "?") for uid, one in answers.items() if one.get("error"))
        return (
            self.driver,
            self.method,
            self.version,
            tuple(names.values()),
            self.status,
            tuple(refused),
        )

    def _asked(self) -> Sequence[Message]:
        claims: Sequence[Message] = self.request.get("claims", ())
        return claims


@dataclass(slots=True)
class OpenCall:
    """A call that is under way; `end` it exactly once."""

    log: "CallLog"
    sequence: int
    method: str
    driver: str
    endpoint: str
    version: str
    request: Message
    time: float = field(default_factory=clock.time)
    began: float = field(default_factory=clock.monotonic)

    def end(self, reply: Message | None = None, status: str = "OK", error: str = "") -> Call:
        """Record how the call ended, and give the record."""
        call = Call(
            sequence=self.sequence,
            time=self.time,
            began=self.began,
            ended=clock.monotonic(),
            method=self.method,
            driver=self.driver,
            endpoint=self.endpoint,
            version=self.version,
            request=self.request,
            reply=reply,
            status=status,
            error=error,
        )
        self.log.record(call)
        return call


class CallLog:
    """Calls in memory and, when `path` is given, as JSON lines appended to that file.

    A line is written and flushed when its call ends; `close` writes the calls that are still
    under way with the status "UNFINISHED". All methods may be used from several threads.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._last = 0
        self._ended: list[Call] = []
        self._open: dict[int, OpenCall] = {}
        self._file = path.open("a", encoding="utf-8") if path else None

    def begin(
        self,
        method: str,
        request: Message,
        *,
        driver: str = "",
        endpoint: str = "",
        version: str = "",
    ) -> OpenCall:
        """Record that a call begins now."""
        with self._lock:
            self._last = next(self._numbers)
            opened = OpenCall(self, self._last, method, driver, endpoint, version, request)
            self._open[opened.sequence] = opened
        return opened

    def record(self, call: Call) -> None:
        """Keep a call that has ended; `OpenCall.end` does so."""
        with self._lock:
            if self._open.pop(call.sequence, None) is None:
                return  # `close` has written it down as unfinished
            self._ended.append(call)
            if self._file:
                line = asdict(call) | {"seconds": round(call.seconds, 6)}
                self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
                self._file.flush()

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call that has ended, in the order in which the calls began."""
        with self._lock:
            return tuple(sorted(self._ended, key=lambda call: call.sequence))

    def mark(self) -> int:
        """Give a mark for `since`: the number of the last call that has begun."""
        with self._lock:
            return self._last

    def since(self, mark: int, *, method: str = "", claim: str = "") -> tuple[Call, ...]:
        """Give the ended calls that began after `mark`, of one method or claim UID if named."""
        return tuple(
            call
            for call in self.calls
            if call.sequence > mark
            and method in {"", call.method}
            and (not claim or claim in call.claims())
        )

    def select(self, *, method: str = "", claim: str = "") -> tuple[Call, ...]:
        """Give the ended calls of one method or claim UID."""
        return self.since(0, method=method, claim=claim)

    def close(self) -> None:
        """Write down the calls that never ended, and close the file."""
        with self._lock:
            unfinished = list(self._open.values())
        for opened in unfinished:
            opened.end(status="UNFINISHED", error="the log was closed while the call was under way")
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None


def read(path: Path) -> Iterator[Call]:
    """Give the calls of a file that a CallLog wrote, in the order of the file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            fields = json.loads(line)
            del fields["seconds"]
            yield Call(**fields)

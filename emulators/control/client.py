"""The Python API of emulated hardware: what `drawplate hw` does, for tests and programs."""

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drawplate.emulators.control.protocol import encode, read_line
from drawplate.emulators.places import CONTROL_SOCKET, VARIABLE, node_folder, node_names
from drawplate.emulators.problems import SetupProblem, SuiteError
from drawplate.emulators.refusals import Reason, Refused

# For everything but `wait` and streams. Seconds.
REPLY_SECONDS = 60.0


class Hardware:
    """A connection to the emulated hardware of one node; usable in one thread at a time."""

    def __init__(self, control: Path) -> None:
        """Connect to a control socket. Raises SetupProblem when nothing serves it."""
        self.path = control
        self._socket = _connect(control)
        self._stream = self._socket.makefile("rwb")

    @classmethod
    def open(cls, name: str | None = None) -> Self:
        """Connect to the node `name`, else to DRAWPLATE_HW, else to the only one that is up."""
        return cls(find_control(name))

    def __enter__(self) -> Self:
        """Give the connection, which ends with the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """End the connection."""
        with suppress(OSError):
            self._stream.close()
        self._socket.close()

    def call(self, op: str, **arguments: Any) -> Any:
        """Run an operation and give its result.

        Raises Refused when the hardware says no, SetupProblem for wrong use and a node that went,
        SuiteError when its process has a defect.
        """
        self._socket.settimeout(arguments.get("timeout", 0) + REPLY_SECONDS)
        return self._ask(op, arguments).get("result")

    def stream(self, op: str, **arguments: Any) -> Iterator[Any]:
        """Run an operation that goes on, and give its items as they come."""
        self._socket.settimeout(REPLY_SECONDS)
        self._ask(op, arguments)
        while True:
            line = self._read()
            if line is None or "end" in line:
                return
            yield line["item"]

    def snapshot(self) -> dict[str, Any]:
        """Give everything that is true now."""
        return dict(self.call("snapshot"))

    def get(self, device: str, key: str = "") -> Any:
        """Give one value of a device, or all."""
        return self.call("get", device=device, key=key)

    def set(self, device: str, values: Mapping[str, Any]) -> int:
        """Set values; give the generation that has them."""
        return int(self.call("set", device=device, values=dict(values))["generation"])

    def plug(self, device: str) -> int:
        """Put a device into its place; give the generation."""
        return int(self.call("plug", device=device)["generation"])

    def unplug(self, device: str) -> int:
        """Take a device away; give the generation."""
        return int(self.call("unplug", device=device)["generation"])

    def reset(self) -> int:
        """Bring everything back to what the machine file says; give the generation."""
        return int(self.call("reset")["generation"])

    def fault(self, device: str, fault: str, **parameters: Any) -> Any:
        """Let a fault of the catalogue happen."""
        return self.call("fault", device=device, fault=fault, parameters=parameters)

    def heal(self, device: str, fault: str | None = None) -> Any:
        """End one fault of a device, or all."""
        return self.call("heal", device=device, fault=fault)

    def apply(self, scenario: Mapping[str, Any]) -> Any:
        """Start a scenario."""
        return self.call("apply", scenario=dict(scenario))

    def wait(self, generation: int | None = None, timeout: float = 30.0) -> int:
        """Wait until every reader sees a generation."""
        reply = self.call("wait", generation=generation, timeout=timeout)
        return int(reply["generation"])

    def until(self, device: str, key: str, value: Any, timeout: float = 30.0) -> int:
        """Wait until a value of a device is `value`; give the generation."""
        reply = self.call("until", device=device, key=key, value=value, timeout=timeout)
        return int(reply["generation"])

    def _ask(self, op: str, arguments: Mapping[str, Any]) -> Any:
        try:
            self._stream.write(encode({"op": op, "args": arguments}))
            self._stream.flush()
        except OSError as error:
            raise _gone(self.path, error) from None
        reply = self._read()
        if reply is None:
            raise _gone(self.path, None)
        if reply.get("ok"):
            return reply
        reason = reply.get("reason", "")
        if reason in Reason.__members__:
            raise Refused(Reason[reason], reply["what"])
        kind = SuiteError if reason == "BUG" else SetupProblem
        raise kind(reply["what"], where=reply.get("where", ""), cure=reply.get("cure", ""))

    def _read(self) -> Any:
        try:
            return read_line(self._stream)
        except (OSError, ValueError) as error:
            raise _gone(self.path, error) from None


def find_control(name: str | None = None) -> Path:
    """Find the control socket of a node. Raises SetupProblem when it is not clear which."""
    given = os.environ.get(VARIABLE)
    if name is None and given:
        return Path(given)
    names = node_names()
    if name is None and len(names) == 1:
        return node_folder(names[0]) / CONTROL_SOCKET
    if name is not None and name in names:
        return node_folder(name) / CONTROL_SOCKET
    what = f"no emulated node {name!r} is up" if name else "it is not clear which node is meant"
    up = f"up: {', '.join(names)}" if names else "none is up"
    cure = "name it with --on" if names else "start one: drawplate hw up --machine dgx-h100"
    raise SetupProblem(what if names or name else "no emulated node is up", where=up, cure=cure)


def _connect(control: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(control))
    except OSError as error:
        connection.close()
        raise SetupProblem(
            f"the emulated hardware does not answer: {error.strerror}",
            where=str(control),
            cure="see `drawplate hw status`, and start it with `drawplate hw up`",
        ) from None
    return connection


def _gone(path: Path, error: Exception | None) -> SetupProblem:
    reason = f": {error}" if error and not isinstance(error, json.JSONDecodeError) else ""
    return SetupProblem(
        f"the emulated hardware went away{reason}",
        where=str(path),
        cure="see its log with `drawplate hw status`, and start it again with `drawplate hw up`",
    )

"""A program that works on an emulated GPU: `python -m drawplate.emulators.work.client`.

It prints what becomes of each job as a line of JSON, and ends with 1 if any failed. Containers
have the same as a static program; see work/program.
"""

import argparse
import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drawplate.emulators.problems import SetupProblem

# Where the socket is in containers; the variable names another place.
SOCKET = Path("/run/drawplate/work.sock")
VARIABLE = "DRAWPLATE_WORK"

# Where CUDA looks for an MPS server, and what it takes from the environment.
_PIPES = "CUDA_MPS_PIPE_DIRECTORY"
_DEFAULT_PIPES = "/tmp/nvidia-mps"  # noqa: S108 - the path is CUDA's
_SHARE = "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"


class Worker:
    """A connection to the emulated devices, as a CUDA program has one."""

    def __init__(self, path: Path | None = None) -> None:
        """Connect. Raises SetupProblem when there is nothing to connect to."""
        self._path = path or Path(os.environ.get(VARIABLE, "") or SOCKET)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(self._path))
        except OSError as error:
            self._socket.close()
            raise SetupProblem(
                f"no emulated device can be reached: {error.strerror}",
                where=str(self._path),
                cure=f"give the container the socket, or name it in {VARIABLE}",
            ) from None
        self._stream = self._socket.makefile("rwb")
        self._results: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        """Give the connection, which ends with the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give back everything."""
        self.close()

    def close(self) -> None:
        """End the connection, and with it all work of this program."""
        self._stream.close()
        self._socket.close()

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        """Ask for something; give the answer, which has `error` when it was refused."""
        self._stream.write(json.dumps({"op": op, **arguments}).encode() + b"\n")
        self._stream.flush()
        while True:
            line = self._read()
            if "ok" in line:
                return line
            self._results.append(line["job"])

    def results(self, count: int) -> Iterator[dict[str, Any]]:
        """Give the next `count` jobs that are over, as they end."""
        for _ in range(count):
            yield self._results.pop(0) if self._results else self._read()["job"]

    def _read(self) -> dict[str, Any]:
        line = self._stream.readline()
        if not line:
            raise SetupProblem("the emulated device went away", where=str(self._path))
        document: dict[str, Any] = json.loads(line)
        return document


def mps_of(environment: Mapping[str, str]) -> dict[str, Any]:
    """Give what CUDA takes of MPS from the environment: whether there is a server, and the share."""
    pipes = Path(environment.get(_PIPES, "") or _DEFAULT_PIPES)
    if not (pipes / "control").exists():
        return {}
    share = environment.get(_SHARE, "")
    return {"mps": True, **({"share": round(float(share))} if share else {})}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do the work that the command line says; 0 when all of it was done, 1 when any failed."""
    given = _parser().parse_args(arguments)
    opening = {"device": given.device, "name": given.name, **mps_of(os.environ)}
    asked = {
        "duration_ms": given.duration,
        "demand": given.demand,
        "memory_mib": given.memory,
        "after_ms": given.after,
        "every_ms": given.every,
        "count": given.count,
        "jitter_ms": given.jitter,
    }
    try:
        with Worker(given.socket) as worker:
            return _work(worker, opening, asked)
    except SetupProblem as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code


def _work(worker: Worker, opening: Mapping[str, Any], asked: Mapping[str, Any]) -> int:
    for op, request in (("open", opening), ("submit", asked)):
        reply = worker.ask(op, **request)
        print(json.dumps(reply), flush=True)
        if not reply["ok"]:
            return 1
    failed = False
    for result in worker.results(int(asked["count"])):
        print(json.dumps(result), flush=True)
        failed |= bool(result["error"])
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="drawplate-work", description="Work on an emulated GPU.")
    add = parser.add_argument
    add("duration", type=float, metavar="MS", help="how long a job takes alone on the whole GPU")
    add(
        "--device",
        default="",
        metavar="UUID",
        help="a GPU or MIG device; the first one that is here",
    )
    add("--name", default="", help="what the program calls itself")
    add("--demand", type=float, default=100.0, metavar="PERCENT", help="how much of it a job fills")
    add("--memory", type=int, default=0, metavar="MIB")
    add("--after", type=float, default=0.0, metavar="MS", help="when the first job comes")
    add("--every", type=float, default=0.0, metavar="MS", help="when further jobs come")
    add("--count", type=int, default=1, metavar="N")
    add(
        "--jitter", type=float, default=0.0, metavar="MS", help="how late a job may come, by chance"
    )
    add("--socket", type=Path, metavar="PATH", help=f"in place of {SOCKET}")
    return parser


if __name__ == "__main__":
    sys.exit(main())

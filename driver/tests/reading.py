"""Reads a family's devices in a process of its own, for each line that it is sent.

NVML has one library and one state for a whole process, so two emulated nodes need two of them.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawplate.driver.hardware import FAMILIES, Family
from drawplate.driver.inventory import describe
from drawplate.driver.roots import Roots
from drawplate.emulators.problems import SetupProblem

if TYPE_CHECKING:
    from drawplate.driver.device import Device


class Reader:
    """The driver's view of one node, from a test's side."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def read(self) -> dict[str, Any]:
        """Give the devices by name, as a slice has them, with their `edits`; or `problem`."""
        found: dict[str, Any] = self._ask("read")
        return found

    def devices(self) -> list[str]:
        """Give the names of the devices in their order."""
        return list(self.read())

    def is_there(self, name: str) -> bool:
        """Tell whether a device of the last reading can be handed out now."""
        return bool(self._ask(name))

    def _ask(self, line: str) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def reader(
    family: str, root: Path, *, before: Sequence[str] = (), **roots: Path
) -> Iterator[Reader]:
    """Read a node whose files are below `root`; `before` is a command that runs the program."""
    places = {"driver": root, "host_driver": root, "sysfs": root / "sys", "dev": root / "dev"}
    # What a driver keeps lies beside the emulated root, so that the next one finds it.
    places["state"] = root.parent / "driver-state"
    given = json.dumps({name: str(path) for name, path in {**places, **roots}.items()})
    command = [*before, sys.executable, "-m", "drawplate.driver.tests.reading", family, given]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Reader(process)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(30)


class _Program:
    """The driver's side."""

    def __init__(self, family: str, roots: Mapping[str, str]) -> None:
        given = {name: Path(path) for name, path in roots.items()}
        state = given.pop("state")
        self._known: dict[str, Device] = {}
        try:
            self._family: Family | None = FAMILIES[family](Roots(**given), state)
        except SetupProblem as problem:
            self._family, self._problem = None, str(problem)

    def answer(self, line: str) -> Any:
        """Answer `read`, or the name of a device."""
        if self._family is None:
            return {"problem": self._problem}
        return self._read(self._family) if line == "read" else self._is_there(self._family, line)

    def _read(self, family: Family) -> dict[str, Any]:
        try:
            self._known = {one.name: one for one in family.read()}
        except SetupProblem as problem:
            return {"problem": str(problem)}
        rows = describe(self._known.values())
        return {row["name"]: row | {"edits": self._edits(row["name"])} for row in rows}

    def _edits(self, name: str) -> dict[str, Any]:
        return asdict(self._known[name].edits)

    def _is_there(self, family: Family, name: str) -> bool:
        return family.is_there(self._known[name])


if __name__ == "__main__":
    _program = _Program(sys.argv[1], json.loads(sys.argv[2]))
    for _line in sys.stdin:
        print(json.dumps(_program.answer(_line.strip())), flush=True)

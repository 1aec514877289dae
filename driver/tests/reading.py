"""Reads a family's devices in a process of its own, for each line that it is sent.

NVML has one library and one state for a whole process, so two emulated nodes need two of them.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from drawplate.driver.hardware import FAMILIES
from drawplate.driver.inventory import describe
from drawplate.driver.roots import Roots
from drawplate.emulators.problems import SetupProblem


class Reader:
    """The driver's view of one node, from a test's side."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def read(self) -> dict[str, Any]:
        """Give the devices by name, as a slice has them, with their `edits`; or `problem`."""
        return self._ask("read")

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
def reader(family: str, root: Path, *, before: Sequence[str] = (), **roots: Path) -> Iterator[Reader]:
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


def main(family: str, roots: str) -> None:
    """Answer each line of the standard input."""
    given = {name: Path(path) for name, path in json.loads(roots).items()}
    state = given.pop("state")
    try:
        reading = FAMILIES[family](Roots(**given), state)
    except SetupProblem as problem:
        reading, begun = None, {"problem": str(problem)}
    known: dict[str, Any] = {}
    for line in sys.stdin:
        if reading is None:
            print(json.dumps(begun), flush=True)
        elif line != "read\n":
            print(json.dumps(reading.is_there(known[line.strip()])), flush=True)
        else:
            try:
                known = {one.name: one for one in reading.read()}
                rows = zip(describe(known.values()), known.values(), strict=True)
                answer = {row["name"]: {**row, "edits": asdict(one.edits)} for row, one in rows}
            except SetupProblem as problem:
                answer = {"problem": str(problem)}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What a driver wrote: one file over all its starts, readable from the latest one on."""

from pathlib import Path

from drawplate.emulators.problems import SetupProblem

TAIL_LINES = 20


class DriverExited(SetupProblem):
    """A driver that ended by itself; `code` is its exit status (negative: the signal)."""

    def __init__(self, name: str, code: int, log: "DriverLog") -> None:
        """Show the end of the log, where the reason usually stands."""
        how = f"was ended by signal {-code}" if code < 0 else f"left with status {code}"
        tail = "\n".join(f"    {line}" for line in log.tail()) or "    (it wrote nothing)"
        super().__init__(
            f"the driver {name} {how}; the end of its log:\n{tail}",
            where=str(log.path),
            cure="read the log; deploy.process of the profile says how the driver is started",
        )
        self.code = code


class DriverLog:
    """The log file of a driver; its output and its errors, as they came."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is made at the first start."""
        self.path = path
        self._offset = 0

    def begin(self) -> None:
        """Note that the driver starts now."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()
        self._offset = self.path.stat().st_size

    def text(self) -> str:
        """Give what was written since the latest start."""
        with self.path.open("rb") as file:
            file.seek(self._offset)
            return file.read().decode(errors="replace")

    def tail(self, lines: int = TAIL_LINES) -> list[str]:
        """Give the last lines since the latest start."""
        return self.text().splitlines()[-lines:]

"""The file /etc/tpu/tpu-env of a node, kept as the state says."""

from pathlib import Path

from drawplate.emulators.state.change import Changes
from drawplate.emulators.state.model import State
from drawplate.emulators.tpu.environment import tpu_env_text


class EnvFile:
    """The surface that writes the file; without TPUs, or with every entry left out, there is none."""

    name = "tpu-env"

    def __init__(self, root: Path) -> None:
        """Write below `root`, which is the node's own file system."""
        self.seen = 0
        self._path = root / "etc" / "tpu" / "tpu-env"
        self._state: State | None = None

    def start(self, state: State) -> None:
        """Write the file."""
        self._state = state
        self._write(tpu_env_text(state))

    def apply(self, changes: Changes) -> None:
        """Write the file when it differs."""
        if self._state is not None and not changes.quiet:
            self._write(tpu_env_text(self._state))
        self.seen = changes.generation

    def stop(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)

    def _write(self, text: str) -> None:
        if not text:
            self._path.unlink(missing_ok=True)
        elif not self._path.exists() or self._path.read_text(encoding="utf-8") != text:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_suffix(".part")
            part.write_text(text, encoding="utf-8")
            part.replace(self._path)

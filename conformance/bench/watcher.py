"""The registration folder, watched as the kubelet watches it: which sockets appear and vanish."""

import stat
import threading
from collections.abc import Callable
from pathlib import Path

from watchfiles import Change, watch

# How long watchfiles gathers changes before it reports them, in milliseconds. The kubelet itself
# acts once a second (kubernetes v1.37 pkg/kubelet/pluginmanager, loopSleepDuration).
STEP_MILLISECONDS = 20
LONGEST_GATHERING_MILLISECONDS = 100
START_SECONDS = 10.0


class _StopEvent(threading.Event):
    """An event that also tells when the watch stands: watchfiles asks it only from then on."""

    def __init__(self) -> None:
        super().__init__()
        self.watching = threading.Event()

    def is_set(self) -> bool:
        """Say whether to stop."""
        self.watching.set()
        return super().is_set()


class FolderWatcher:
    """Reports the sockets of a folder and of its sub-folders.

    `appeared` is called with the path of every socket that is there at `start` or is created
    later, also when it takes the place of an older one; `vanished` with every path that is
    deleted. Files, and names that begin with ".", are passed over, as the kubelet does
    (kubernetes v1.37 pkg/kubelet/pluginmanager/pluginwatcher). Never are two called at a time.
    """

    def __init__(
        self, folder: Path, appeared: Callable[[str], None], vanished: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._appeared = appeared
        self._vanished = vanished
        self._seen: dict[str, tuple[int, int]] = {}
        self._reporting = threading.Lock()
        self._stop = _StopEvent()
        self._thread = threading.Thread(target=self._run, name="folder-watcher", daemon=True)

    def start(self) -> None:
        """Make the folder if it is missing, watch it, then report the sockets that are there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        # Watch first, walk second: a socket that appears in between must not be missed.
        if not self._stop.watching.wait(START_SECONDS):
            raise OSError(f"no watch on {self._folder} after {START_SECONDS:.0f} s")
        with self._reporting:
            self._walk(str(self._folder))

    def stop(self) -> None:
        """Stop watching; nothing is reported any more when this returns."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        changes = watch(
            self._folder,
            watch_filter=None,
            debounce=LONGEST_GATHERING_MILLISECONDS,
            step=STEP_MILLISECONDS,
            stop_event=self._stop,
            force_polling=False,
        )
        for batch in changes:
            # Deletions first: a socket that was replaced is in the batch as both.
            with self._reporting:
                for change, path in sorted(batch, key=lambda entry: entry[0] != Change.deleted):
                    self._report(change, path)

    def _report(self, change: Change, path: str) -> None:
        if change == Change.deleted:
            self._seen.pop(path, None)
            self._vanished(path)
        elif change == Change.added:
            self._walk(path)

    def _walk(self, path: str) -> None:
        if path != str(self._folder) and Path(path).name.startswith("."):
            return
        try:
            found = Path(path).stat()
            names = sorted(Path(path).iterdir()) if stat.S_ISDIR(found.st_mode) else []
        except OSError:
            return  # It is gone again; its deletion follows.
        for name in names:
            self._walk(str(name))
        # Not the ctime: drivers change the mode of a socket after they have made it.
        identity = (found.st_ino, found.st_mtime_ns)
        if stat.S_ISSOCK(found.st_mode) and self._seen.get(path) != identity:
            self._seen[path] = identity
            self._appeared(path)

"""Tells when something changed in folders, also when the folders themselves are replaced."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_log = logging.getLogger(__name__)

# inotify does not see everything (a folder replaced by a mount, a network file system): look
# again at least this often. Milliseconds.
LOOK_AGAIN_MS = 2000

# Without inotify (no instances or watches left) this is what remains. Seconds.
_RETRY_SECONDS = 2.0

_Identity = dict[Path, tuple[int, int]]


def changes(folders: Callable[[], Sequence[Path]], stop: threading.Event) -> Iterator[None]:
    """Yield after every change directly in one of the folders, and every 2 s, until `stop`.

    Watches each folder's parent too, so a folder that is removed and made again goes on being
    watched. Changes that come together are told once.
    """
    while not stop.is_set():
        watched = _identify(folders())
        try:
            for _ in _events(tuple(watched), stop):
                yield
                if stop.is_set() or _identify(folders()) != watched:
                    break
        except OSError as error:
            _log.warning("cannot watch folders", extra={"problem": str(error)})
            stop.wait(_RETRY_SECONDS)
            yield


def _events(folders: Sequence[Path], stop: threading.Event) -> Iterator[object]:
    # Imported late: registration must not wait for it.
    from watchfiles import watch  # noqa: PLC0415

    return watch(
        *folders,
        watch_filter=None,
        recursive=False,
        debounce=200,
        step=20,
        stop_event=stop,
        rust_timeout=LOOK_AGAIN_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
    )


def _identify(folders: Sequence[Path]) -> _Identity:
    found: _Identity = {}
    for folder in (*folders, *(folder.parent for folder in folders)):
        try:
            status = folder.stat()
        except OSError:
            continue
        found[folder] = status.st_dev, status.st_ino
    return found

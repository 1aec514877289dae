"""Waiting for something in a folder by watching it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from watchfiles import watch

Seen = TypeVar("Seen")

# How long watchfiles gathers changes before it reports them, in milliseconds.
STEP_MILLISECONDS = 20
GATHERING_MILLISECONDS = 100
# What happened before the watch stood is seen by asking again after this time, in milliseconds.
ASK_AGAIN_MILLISECONDS = 500


def watch_until(folder: Path, probe: Callable[[], Seen | None], budget: float) -> Seen | None:
    """Ask `probe` now and after every change in `folder` until it gives something true.

    Gives None after `budget` seconds. What is in sub-folders is not watched: below a kubelet's
    folder are the volumes of all pods, and what follows links there may never come to an end.
    """
    end = time.monotonic() + budget
    seen = probe()
    if seen:
        return seen
    for _ in watch(
        folder,
        watch_filter=None,
        recursive=False,
        step=STEP_MILLISECONDS,
        debounce=GATHERING_MILLISECONDS,
        rust_timeout=ASK_AGAIN_MILLISECONDS,
        yield_on_timeout=True,
        raise_interrupt=True,
        force_polling=False,
    ):
        seen = probe()
        if seen or time.monotonic() >= end:
            return seen
    return None

"""Sees claims being prepared: a driver writes a CDI file for each, and removes it afterwards."""

import json
import logging
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import watchfiles
import yaml

from drawplate.emulators.devices.plan import plan
from drawplate.emulators.state.change import Changes
from drawplate.emulators.state.model import State

_log = logging.getLogger(__name__)

PREPARED = "claim-prepared"
UNPREPARED = "claim-unprepared"

# How often the watch returns without news, in milliseconds.
_TIMEOUT = 500

_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# CDI reads files of these kinds only (CDI specification, "CDI JSON Specification").
_ENDINGS = frozenset({".json", ".yaml"})


@dataclass(frozen=True, slots=True)
class Preparation:
    """What one CDI file says: the claim's UID, and the devices of the node that it gives."""

    claim: str
    kind: str
    devices: tuple[str, ...]


def read(path: Path, state: State) -> Preparation | None:
    """Read a CDI file; none when it is not about a claim, or cannot be read (yet)."""
    try:
        text = path.read_text(encoding="utf-8")
        spec = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        names = " ".join(str(device["name"]) for device in spec["devices"])
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
        return None
    found = _UID.search(path.name) or _UID.search(names)
    if found is None:
        return None
    return Preparation(found[0], str(spec.get("kind", "")), _devices(spec, state))


def _devices(spec: Any, state: State) -> tuple[str, ...]:
    texts = set(_texts(spec))
    nodes = {f"/dev/{path}": one.device for path, one in plan(state).nodes.items()}
    given = {nodes[text] for text in texts & set(nodes)}
    joined = "\n".join(texts)
    return tuple(
        device.name
        for device in state.devices()
        if device.name in given or device["uuid"] in joined or device.spec.address in joined
    )


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


class Claims:
    """A surface that shows nothing: it watches a CDI folder, and tells of claims."""

    name = "claims"

    def __init__(self, folder: Path) -> None:
        """Nothing is watched before `start`."""
        self.seen = 0
        self._folder = folder
        self._known: dict[Path, Preparation] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, state: State) -> None:
        """Take what is there as known, and watch."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._known = self._look(state)
        self._thread = threading.Thread(
            target=self._watch, args=(state,), name="claims", daemon=True
        )
        self._thread.start()

    def apply(self, changes: Changes) -> None:
        """Nothing of the state is shown here."""
        self.seen = changes.generation

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def compare(self, state: State) -> None:
        """Tell of what came and went since the last look."""
        now = self._look(state)
        before, self._known = self._known, now
        with state.change("claims") as change:
            for path in before.keys() - now.keys():
                change.emit(UNPREPARED, None, **_data(path, before[path]))
            for path in sorted(now.keys() - before.keys()):
                change.emit(PREPARED, None, **_data(path, now[path]))

    def _look(self, state: State) -> dict[Path, Preparation]:
        files = (path for path in self._folder.iterdir() if path.suffix in _ENDINGS)
        return {path: one for path in files if (one := read(path, state)) is not None}

    def _watch(self, state: State) -> None:
        # A claim must be seen soon, since containers start right after.
        watching = watchfiles.watch(
            self._folder,
            stop_event=self._stop,
            debounce=20,
            step=5,
            recursive=False,
            rust_timeout=_TIMEOUT,
            yield_on_timeout=True,
        )
        began = False
        for found in watching:
            # The first time also without news: something may have come before the watch began.
            if found or not began:
                self._compare_if_there(state)
            began = True

    def _compare_if_there(self, state: State) -> None:
        try:
            self.compare(state)
        except OSError as error:
            _log.warning("the CDI folder cannot be read: %s", error)


def _data(path: Path, one: Preparation) -> dict[str, Any]:
    return {
        "file": path.name,
        "claim": one.claim,
        "kind": one.kind,
        "devices": list(one.devices),
    }

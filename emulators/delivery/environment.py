"""The environment variables by which programs find a node's files and its control socket."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from drawplate.emulators.places import CONTROL_SOCKET, ROOT, VARIABLE

_VARIABLES: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
    Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
)


def environment(folder: Path, own: Mapping[str, str], *, placed: bool) -> dict[str, str]:
    """Give `own` with what a program on the node of `folder` needs.

    With `placed`, the node's files are where programs look for them anyway.
    """
    root = folder / ROOT
    groups = ("placed",) if placed else ("placed", "unplaced")
    found = {**own, VARIABLE: str(folder / CONTROL_SOCKET)}
    for group in groups:
        for name, rule in _VARIABLES[group].items():
            if "text" in rule:
                found[name] = rule["text"]
            elif "content" in rule:
                found.update(_content(name, folder / rule["content"]))
            elif "folder" in rule:
                found[name] = str(folder / rule["folder"])
            else:
                found[name] = _value(root, rule, found.get(name, ""))
    found["PATH"] = _with_drawplate(found["PATH"])
    return found


def _with_drawplate(path: str) -> str:
    """Let `drawplate hw fault …` be found on the node too, however Drawplate itself was found."""
    own = Path(sys.executable).parent
    there = (own / "drawplate").exists() and not shutil.which("drawplate", path=path)
    # At the end: a virtual environment's Python is not what the node's programs ask for.
    return f"{path}:{own}" if there else path


def triplet() -> str:
    """Give the name of the folder that Debian has libraries of this machine's architecture in."""
    return f"{os.uname().machine}-linux-gnu"


def _content(name: str, file: Path) -> dict[str, str]:
    # Not every machine has what the file is about.
    return {name: file.read_text(encoding="utf-8").strip()} if file.exists() else {}


def _value(root: Path, rule: Mapping[str, str], before: str) -> str:
    [(kind, below)] = rule.items()
    path = str(root / below.format(triplet=triplet()))
    parts = {"prepend": (path, before), "append": (before, path)}.get(kind, (path,))
    return ":".join(filter(None, parts))

"""Where an emulated node keeps its files."""

import os
import stat
from pathlib import Path

from drawplate.emulators.folders import state_folder

# Names the control socket that is meant, for programs that run on an emulated node.
VARIABLE = "DRAWPLATE_HW"

CONTROL_SOCKET = "control.sock"
NVML_SOCKET = "nvml.sock"
WORK_SOCKET = "work.sock"
JOURNAL = "journal.jsonl"
DESCRIPTION = "hw.json"
LOG = "log"
ROOT = "root"


def nodes_folder() -> Path:
    """Give the folder of all nodes of this user: short, since sockets are in it, and volatile."""
    if os.geteuid() == 0:
        return Path("/run/drawplate/hw")
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    usable = runtime.is_absolute() and runtime.is_dir()
    return runtime / "drawplate-hw" if usable else state_folder() / "hw"


def node_folder(name: str) -> Path:
    """Give the folder of one node; it may not exist."""
    return nodes_folder() / name


def node_names() -> list[str]:
    """Give the nodes that have a control socket, dead or alive."""
    folders = nodes_folder()
    return sorted(
        path.parent.name for path in folders.glob(f"*/{CONTROL_SOCKET}") if _is_socket(path)
    )


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False

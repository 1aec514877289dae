"""/proc/modules: this machine's own modules, and those of the emulated hardware's drivers.

Linux kernel/module/procfs.c. libkmod, and with it lsmod, read this rather than /sys/module.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.sysfs import modules
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

STRUCTURE: frozenset[str] = frozenset()

REAL = Path("/proc/modules")


def contribute(state: "State", tree: Tree) -> None:
    """Put the file, where the kernel is one with modules.

    It is made when it is read, since real modules come and go too.
    """
    if REAL.exists():
        tree.file("/modules", lambda: text(state, REAL.read_text(encoding="utf-8")))


def text(state: "State", real: str) -> str:
    """Give the file, on a machine whose own is `real`: what was loaded last comes first."""
    loaded = modules.loaded(state)
    ours = [_line(state, name, loaded) for name in reversed(loaded)]
    return "".join(
        ours + [row for row in real.splitlines(keepends=True) if row.split()[0] not in loaded]
    )


def _line(state: "State", name: str, loaded: dict[str, modules.Module]) -> str:
    module = loaded[name]
    holders = "".join(f"{holder}," for holder in module.holders if holder in loaded)
    taint = f" ({module.taint})" if module.taint else ""
    return (
        f"{name} {modules.size(name)} {modules.users(state, module)} {holders or '-'} Live "
        f"0x{0:016x}{taint}\n"
    )

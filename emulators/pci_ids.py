"""The file of PCI names that lspci and ghw need: the system's, with what it lacks of a machine's."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from drawplate.emulators.machine.placed import NodeSpec

# Where programs look for it, below a file system's root.
PLACE = "usr/share/misc/pci.ids"

_CLASSES = "C "


def text(node: "NodeSpec", base: str | None = None) -> str:
    """Give the file for a node; `base` is what to add to, by default the system's own if any."""
    lines = (system_text() if base is None else base).splitlines()
    if not lines:
        lines = list(_own())
    for vendor, names in sorted(_wanted(node).items()):
        _add(lines, vendor, names)
    return "\n".join(lines) + "\n"


def write(node: "NodeSpec", root: Path) -> Path:
    """Write the file below `root`, whole, and give its path. Raises OSError."""
    path = root / PLACE
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text(node), encoding="utf-8")
    part.replace(path)
    return path


def system_text() -> str:
    """Give this system's file; empty when it has none."""
    for name in _tables()["files"]:
        try:
            return Path(name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
    return ""


@functools.cache
def _tables() -> Mapping[str, Any]:
    path = files("drawplate.emulators") / "pci_ids.yaml"
    tables: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tables


def _own() -> Iterator[str]:
    yield "# Names of the emulated hardware."
    for number, (name, parts) in sorted(_tables()["classes"].items()):
        yield f"{_CLASSES}{number}  {name}"
        yield from (f"\t{part}  {called}" for part, called in sorted(parts.items()))


def _wanted(node: "NodeSpec") -> dict[str, dict[str, str]]:
    wanted: dict[str, dict[str, str]] = {}
    for bridge in node.bridges:
        vendor, device = bridge.id.split(":")
        called = _tables()["devices"].get(bridge.id, "PCI bridge")
        wanted.setdefault(vendor, {})[device] = called
    machine = node.machine
    for group in machine.devices:
        profile = machine.profile(group.profile)
        virtual = profile.pci.virtual_function
        for one in (profile, machine.profile(virtual) if virtual else profile):
            devices = wanted.setdefault(one.pci.vendor, {})
            # Where virtual functions have the number of physical ones, those have the name.
            devices.setdefault(one.pci.device, " ".join(one.product.split()))
            wanted.setdefault(one.pci.subsystem_vendor, {})
    return wanted


def _add(lines: list[str], vendor: str, names: Mapping[str, str]) -> None:
    start = _find(lines, vendor)
    if start is None:
        start = next((at for at, line in enumerate(lines) if line.startswith(_CLASSES)), len(lines))
        called = _tables()["vendors"].get(vendor, f"Vendor {vendor}")
        lines.insert(start, f"{vendor}  {called}")
    known = set(_devices_after(lines, start))
    missing = [
        f"\t{device}  {name}" for device, name in sorted(names.items()) if device not in known
    ]
    lines[start + 1 : start + 1] = missing


def _find(lines: Sequence[str], vendor: str) -> int | None:
    return next((at for at, line in enumerate(lines) if line.startswith(f"{vendor}  ")), None)


def _devices_after(lines: Sequence[str], start: int) -> Iterator[str]:
    for line in lines[start + 1 :]:
        if line and line[0] not in "\t#":
            return
        if line.startswith("\t") and not line.startswith("\t\t"):
            yield line[1:5]

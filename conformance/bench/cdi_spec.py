"""One CDI specification: its devices and edits, checked as the CDI library checks them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drawplate.conformance.bench.cdi_reader import SpecProblem, fields, parse

Edits = Mapping[str, Any]

NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")
DEVICE_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?")
CLOS_LIMIT = 4096
LAST_DEVICE_ONLY = (0, 5, 0)


@dataclass(frozen=True, slots=True)
class CdiSpec:
    """A valid specification. `priority` is the place of its folder: the highest wins."""

    path: Path
    priority: int
    version: str
    kind: str
    edits: Edits
    devices: Mapping[str, Edits]

    def qualified(self, device: str) -> str:
        """Give the fully qualified name of one of the devices."""
        return f"{self.kind}={device}"

    @property
    def names(self) -> tuple[str, ...]:
        """The fully qualified names of all devices, in the order of the file."""
        return tuple(self.qualified(device) for device in self.devices)


def read_spec(path: Path, priority: int) -> CdiSpec:
    """Read and check a file. Raises SpecProblem, or OSError when it cannot be read."""
    return check_spec(parse(path.read_text(encoding="utf-8", errors="replace")), path, priority)


def check_spec(spec: Mapping[str, Any], path: Path, priority: int) -> CdiSpec:
    """Check parsed data by the rules of pkg/cdi/spec.go, Spec.validate. Raises SpecProblem.

    Annotations are not checked: version 1.1.1 of the library means to, but its check looks for
    another type than the one it is given.
    """
    _check_version(spec)
    kind = spec.get("kind", "")
    vendor, _, name = kind.partition("/")
    if not NAME.fullmatch(vendor) or not NAME.fullmatch(name):
        raise SpecProblem(f"kind {kind!r} is not vendor/class")
    edits = spec.get("containerEdits", {})
    _check_edits(edits, "containerEdits")
    devices: dict[str, Edits] = {}
    for device in spec.get("devices", ()):
        label, own = _check_device(device or {})
        if label in devices:
            raise SpecProblem(f"device {label!r} is given twice")
        devices[label] = own
    if not devices:
        raise SpecProblem("the specification has no devices")
    return CdiSpec(path, priority, spec["cdiVersion"].lstrip("v"), kind, edits, devices)


def _check_version(spec: Mapping[str, Any]) -> None:
    version = spec.get("cdiVersion", "").removeprefix("v")
    if version not in fields()["versions"]:
        raise SpecProblem(f"cdiVersion {version!r} is not known")
    least = max(_versions_needed(spec), key=_order)
    if _order(least) > _order(version):
        raise SpecProblem(f"cdiVersion is {version}, and what the file uses needs {least}")


def _versions_needed(spec: Mapping[str, Any]) -> Iterable[str]:
    yield fields()["earliest"]
    devices = [device or {} for device in spec.get("devices", ())]
    for path, version in fields()["since"].items():
        # For the oldest two the library looks at the last device only: version 1.1.1 of specs-go
        # is built with the loop variables of Go 1.21.
        looked_at = devices if _order(version) > LAST_DEVICE_ONLY else devices[-1:]
        owners = [spec, *looked_at]
        if any(_uses(one.get("containerEdits", {}), path.split(".")) for one in owners):
            yield version
    if any(one.get("annotations") for one in (spec, *devices)):
        yield "0.6.0"
    if any(device.get("name", "")[:1].isdigit() for device in devices):
        yield "0.5.0"
    if "." in spec.get("kind", "").partition("/")[2]:
        yield "0.6.0"


def _uses(value: Any, path: Sequence[str]) -> bool:
    if not path:
        return bool(value)
    entries = value if isinstance(value, list) else [value]
    return any(_uses((entry or {}).get(path[0]), path[1:]) for entry in entries)


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _check_device(device: Mapping[str, Any]) -> tuple[str, Edits]:
    name = device.get("name", "")
    if not DEVICE_NAME.fullmatch(name):
        raise SpecProblem(f"device name {name!r} is not valid")
    edits = device.get("containerEdits", {})
    if not any(edits.values()) and edits.get("intelRdt") is None:
        raise SpecProblem(f"device {name!r} has no edits")
    _check_edits(edits, f"device {name!r}")
    return name, edits


def _check_edits(edits: Edits, owner: str) -> None:
    _check_environment(edits.get("env", ()), owner)
    for node in edits.get("deviceNodes", ()):
        _check_device_node(node or {}, owner)
    for hook in edits.get("hooks", ()):
        _check_hook(hook or {}, owner)
    for mount in edits.get("mounts", ()):
        if not (mount or {}).get("hostPath") or not mount.get("containerPath"):
            raise SpecProblem(f"{owner}: a mount without hostPath or containerPath")
    clos = (edits.get("intelRdt") or {}).get("closID", "")
    if clos != "/" and (len(clos) >= CLOS_LIMIT or clos in {".", ".."} or set(clos) & {"/", "\n"}):
        raise SpecProblem(f"{owner}: closID {clos!r} is not a file name")
    _check_net_devices([one or {} for one in edits.get("netDevices", ())], owner)


def _check_environment(entries: Iterable[str | None], owner: str) -> None:
    for entry in entries:
        if (entry or "").find("=") <= 0:
            raise SpecProblem(f"{owner}: environment entry {entry!r} is not NAME=value")


def _check_device_node(node: Mapping[str, Any], owner: str) -> None:
    if not node.get("path"):
        raise SpecProblem(f"{owner}: a device node without path")
    if node.get("type", "") not in fields()["deviceTypes"]:
        raise SpecProblem(f"{owner}: device node {node['path']} has type {node['type']!r}")
    permissions = node.get("permissions", "")
    if permissions != "none" and permissions.strip("rwm"):
        raise SpecProblem(f"{owner}: device node {node['path']} has permissions {permissions!r}")


def _check_hook(hook: Mapping[str, Any], owner: str) -> None:
    if hook.get("hookName", "") not in fields()["hooks"]:
        raise SpecProblem(f"{owner}: hook name {hook.get('hookName')!r} is not known")
    if not hook.get("path"):
        raise SpecProblem(f"{owner}: a hook without path")
    _check_environment(hook.get("env", ()), owner)


def _check_net_devices(devices: Sequence[Mapping[str, str]], owner: str) -> None:
    for field in ("hostInterfaceName", "name"):
        values = [device.get(field, "") for device in devices]
        if "" in values:
            raise SpecProblem(f"{owner}: a net device without {field}")
        if len(set(values)) < len(values):
            raise SpecProblem(f"{owner}: two net devices with one {field}")

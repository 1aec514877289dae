"""CDI files: one per prepared claim, from which the container runtime learns its devices.

The names are unique per claim and result, so a name never changes its content while a container
may use it. Each file carries its record as an annotation: should the checkpoint get lost, what
is prepared can be taken over from the files.
"""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drawplate.driver.device import DeviceNode, Mount
from drawplate.driver.moving import hook
from drawplate.driver.prepared import PreparedClaim, PreparedDevice, decode, encode
from drawplate.driver.replacing import replace_file, sync_folder

_log = logging.getLogger(__name__)

# Annotations came with 0.6.0 (CDI specification, table of released versions).
CDI_VERSION = "0.6.0"

# Runtimes may run as another user than the driver.
_MODE = 0o644

# UIDs come from callers and become file names.
_SAFE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*=[A-Za-z0-9 .,_:/+-]*")


class CdiFolder:
    """The CDI files of one driver in one folder of the container runtime."""

    def __init__(self, folder: Path, driver: str, mover: Path = Path("move-interface")) -> None:
        """Write to `folder`; `mover` is the program that moves interfaces, as the host calls it."""
        self._folder = folder
        self._driver = driver
        self._mover = mover
        # The prefix makes it a valid vendor for driver names that begin with a digit as well.
        self._vendor = f"k8s.{driver}"

    @property
    def kind(self) -> str:
        """The vendor and class of all devices."""
        return f"{self._vendor}/claim"

    def identifiers(self, claim: PreparedClaim, device: PreparedDevice) -> list[str]:
        """Give the fully qualified names of a prepared device, the device-specific one first."""
        return [f"{self.kind}={self._name(claim, device)}"]

    def path(self, uid: str) -> Path:
        """Give the place of a claim's file. Raises ValueError for what cannot be a UID."""
        if not is_safe(uid):
            raise ValueError(f"{uid!r} is not a UID")
        return self._folder / f"{self._vendor}-claim_{uid}.json"

    def write(self, claim: PreparedClaim) -> bool:
        """Make the file right, whatever is there now; tell whether it was not. Raises OSError."""
        path = self.path(claim.claim.uid)
        content = self.render(claim)
        if not claim.devices:
            return self.remove(claim.claim.uid)
        if _has(path, content):
            return False
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        replace_file(path, content, _MODE, durable=False)
        return True

    def remove(self, uid: str) -> bool:
        """Remove a claim's file; tell whether there was one. Raises OSError."""
        if not is_safe(uid):
            return False
        try:
            self.path(uid).unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        sync_folder(self._folder)
        return True

    def render(self, claim: PreparedClaim) -> bytes:
        """Give the content of a claim's file."""
        spec = {
            "cdiVersion": CDI_VERSION,
            "kind": self.kind,
            "annotations": {self._annotation: json.dumps(encode(claim), sort_keys=True)},
            "devices": [
                {"name": self._name(claim, device), "containerEdits": self.edits(device)}
                for device in claim.devices
            ],
        }
        return json.dumps(spec, indent=1).encode() + b"\n"

    def edits(self, device: PreparedDevice) -> dict[str, Any]:
        """Give what the runtime does to a container that gets the device."""
        edits = device.edits
        made: dict[str, Any] = {"env": list(_environment(device))}
        if edits.nodes:
            made["deviceNodes"] = [_node(node) for node in edits.nodes]
        if edits.mounts:
            made["mounts"] = [_mount(mount) for mount in edits.mounts]
        # Who only looks after a device must not take it away from its user.
        if edits.interfaces and not device.admin_access:
            made["hooks"] = [hook(self._mover, one.host, one.container) for one in edits.interfaces]
        return made

    def take_over(self) -> dict[str, PreparedClaim]:
        """Give the claims whose files are whole, by UID."""
        found = {}
        for path in sorted(self._folder.glob(f"{self._vendor}-claim_*.json")):
            claim = self._read(path)
            if claim is None:
                _log.warning("a CDI file cannot be taken over", extra={"path": str(path)})
            else:
                found[claim.claim.uid] = claim
        return found

    def _read(self, path: Path) -> PreparedClaim | None:
        try:
            content = path.read_bytes()
            claim = decode(json.loads(json.loads(content)["annotations"][self._annotation]))
            whole = self.path(claim.claim.uid) == path and self.render(claim) == content
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return claim if whole else None

    @property
    def _annotation(self) -> str:
        return f"{self._driver}/prepared-claim"

    def _name(self, claim: PreparedClaim, device: PreparedDevice) -> str:
        parts = [claim.claim.uid, device.base_request, device.device, device.share_id]
        return "-".join(part for part in parts if part)


def is_safe(uid: str) -> bool:
    """Tell whether a UID can stand in file names and CDI names."""
    return _SAFE.fullmatch(uid) is not None


def _environment(device: PreparedDevice) -> Iterator[str]:
    # A variable per device: one list variable could not be merged from several CDI devices.
    edits = device.edits
    variables = {edits.variable: edits.identity, **edits.variables}
    variables |= {f"{edits.variable}_{key}": value for key, value in device.settings.items()}
    for name, value in variables.items():
        variable = f"{name}={value}"
        if not _VARIABLE.fullmatch(variable):
            raise ValueError(f"{variable!r} cannot be an environment variable")
        yield variable


def _node(node: DeviceNode) -> dict[str, Any]:
    return {
        "path": node.path,
        # Type and major given, the runtime needs no such node on the host.
        "type": "c",
        "major": node.major,
        "minor": node.minor,
        "fileMode": 0o666,
        "permissions": "rw",
    }


def _mount(mount: Mount) -> dict[str, Any]:
    return {
        "hostPath": mount.host,
        "containerPath": mount.container,
        "options": ["ro", "nosuid", "nodev", "bind"],
    }


def _has(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content and path.stat().st_mode & 0o777 == _MODE
    except OSError:
        return False

"""What a container must get to use emulated devices, as the edits of a CDI specification.

The fields are those of CDI 0.6.0 (container-device-interface SPEC.md).
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from drawplate.emulators.devices.plan import plan
from drawplate.emulators.places import ROOT
from drawplate.emulators.refusals import Reason, Refused

if TYPE_CHECKING:
    from drawplate.emulators.devices.node_plan import NodePlan
    from drawplate.emulators.node import Node

VERSION = "0.6.0"
KIND = "hardware.drawplate/device"
# Where the node keeps the program of the hook, in its folder.
HOOK = "proc-hook"
_MOUNT_OPTIONS = ["ro", "nosuid", "nodev", "rbind", "rprivate"]

Edits = dict[str, Any]


class Containers:
    """The CDI edits of one node's devices."""

    def __init__(self, node: "Node") -> None:
        """Give the edits for `node`, with the paths by which its processes see its folder."""
        self._state = node.state
        self._folder = node.settings.folder
        self._root = node.settings.folder / ROOT

    def specification(self, devices: Iterable[str] | None = None, kind: str = KIND) -> Edits:
        """Give a whole CDI specification; without `devices`, of all that are plugged in.

        Each device is there by its name; a container needs nothing else. Raises Refused for a
        device that there is not.
        """
        names = list(devices or [one.name for one in self._state.devices()])
        return {
            "cdiVersion": VERSION,
            "kind": kind,
            "devices": [
                {"name": name, "containerEdits": self.edits_of_device(name)} for name in names
            ],
            "containerEdits": self.edits_of_all({self._kind(name) for name in names}),
        }

    def edits_of_device(self, name: str) -> Edits:
        """Give the edits for one device: the nodes that are its own."""
        self._kind(name)
        nodes = [each for each in plan(self._state).nodes.values() if each.device == name]
        return {"deviceNodes": [_node(each) for each in nodes]}

    def edits_of_all(self, kinds: Iterable[str]) -> Edits:
        """Give the edits that every container with devices of these kinds gets."""
        rules = [_rules()[kind] for kind in sorted({*kinds} & _rules().keys())]
        globs = [glob for rule in rules for glob in rule["nodes"]]
        shared = [
            _node(each)
            for each in plan(self._state).nodes.values()
            if each.device is None and any(fnmatchcase(each.path, glob) for glob in globs)
        ]
        edits: Edits = {"deviceNodes": shared}
        edits["mounts"] = [mount for rule in rules for mount in self._mounts(rule["files"])]
        edits["env"] = [variable for rule in rules for variable in rule["env"]]
        proc, program = self._root / "proc", self._folder / HOOK
        if proc.is_dir() and any(proc.iterdir()) and program.exists():
            args = [HOOK, str(proc)]
            hook = {"hookName": "createContainer", "path": str(program), "args": args}
            edits["hooks"] = [hook]
        return {key: value for key, value in edits.items() if value}

    def _mounts(self, globs: Iterable[str]) -> Iterator[Edits]:
        for path in sorted({path for glob in globs for path in self._root.glob(glob)}):
            # The file itself, since a link would be resolved in the container.
            yield {
                "hostPath": str(path.resolve()),
                "containerPath": str(Path("/", path.relative_to(self._root))),
                "options": _MOUNT_OPTIONS,
            }

    def _kind(self, name: str) -> str:
        device = self._state.device(name)
        if not device.present:
            raise Refused(Reason.NOT_FOUND, f"{name} is not in its place")
        return device.spec.kind


def install_hook(folder: Path) -> None:
    """Put the program of the hook into a node's folder, where container runtimes find it."""
    program = Path(__file__).with_name("proc-hook.sh").read_bytes()
    part = folder / f".{HOOK}.part"
    part.write_bytes(program)
    part.chmod(0o755)
    part.replace(folder / HOOK)


def _node(node: "NodePlan") -> Edits:
    return {
        "path": f"/dev/{node.path}",
        "type": "b" if node.block else "c",
        "major": node.major,
        "minor": node.minor,
        "fileMode": node.mode,
        "permissions": "rw",
    }


@functools.cache
def _rules() -> Mapping[str, Any]:
    text = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    rules: Mapping[str, Any] = yaml.safe_load(text)
    return rules

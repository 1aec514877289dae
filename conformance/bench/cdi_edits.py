"""Merges the edits of CDI devices into what a container gets, as containerd does."""

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class DeviceNode:
    """A device node of the container; numbers are None when neither file nor host tells them."""

    path: str
    host_path: str
    type: str
    major: int | None
    minor: int | None
    permissions: str
    file_mode: int | None = None
    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount of the container."""

    host_path: str
    container_path: str
    options: tuple[str, ...] = ()
    type: str = ""


@dataclass(frozen=True, slots=True)
class Hook:
    """An OCI hook; `timeout` in seconds."""

    name: str
    path: str
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    timeout: int | None = None


@dataclass(frozen=True, slots=True)
class Edits:
    """What a container gets beside its own configuration.

    `env` are "NAME=value" in the order of their first appearance with the last value; `net_devices`
    maps the host's interface to the name in the container; `problems` says why containerd would
    refuse to create the container although all names resolve, one sentence each.
    """

    env: tuple[str, ...] = ()
    device_nodes: tuple[DeviceNode, ...] = ()
    mounts: tuple[Mount, ...] = ()
    net_devices: tuple[tuple[str, str], ...] = ()
    hooks: tuple[Hook, ...] = ()
    additional_gids: tuple[int, ...] = ()
    intel_rdt: Mapping[str, Any] | None = None
    problems: tuple[str, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables as a dict."""
        return dict(entry.partition("=")[::2] for entry in self.env)

    @property
    def device_paths(self) -> tuple[str, ...]:
        """The paths of the device nodes in the container."""
        return tuple(node.path for node in self.device_nodes)


def merge(parts: Iterable[Mapping[str, Any]], host: Path = Path("/")) -> Edits:
    """Apply edits in their order; `host` is the folder that plays the host's root.

    Rules of tags.cncf.io/container-device-interface v1.1.1 pkg/cdi/container-edits.go: of what has
    the same name or path in the container the last wins; mounts are ordered by depth.
    """
    merger = _Merger(host)
    for edits in parts:
        merger.add(edits)
    return merger.result()


@dataclass(slots=True)
class _Merger:
    host: Path
    env: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, DeviceNode] = field(default_factory=dict)
    mounts: dict[str, Mount] = field(default_factory=dict)
    net_devices: dict[str, str] = field(default_factory=dict)
    hooks: list[Hook] = field(default_factory=list)
    gids: dict[int, None] = field(default_factory=dict)
    rdt: Mapping[str, Any] | None = None
    problems: list[str] = field(default_factory=list)

    def add(self, edits: Mapping[str, Any]) -> None:
        self.env |= {entry.partition("=")[0]: entry for entry in edits.get("env", ())}
        for raw in edits.get("deviceNodes", ()):
            # Taken out first: the last one also goes to the end of the list.
            self.nodes.pop(raw["path"], None)
            self.nodes[raw["path"]] = _device_node(raw, self.host)
            self.problems += _problems(self.nodes[raw["path"]], self.host)
        for raw in edits.get("mounts", ()):
            self.mounts.pop(raw["containerPath"], None)
            self.mounts[raw["containerPath"]] = _mount(raw)
        for raw in edits.get("netDevices", ()):
            self.net_devices[raw["hostInterfaceName"]] = raw["name"]
        self.hooks += [_hook(raw) for raw in edits.get("hooks", ())]
        self.gids |= {gid: None for gid in edits.get("additionalGids", ()) if gid}
        self.rdt = edits.get("intelRdt") or self.rdt

    def result(self) -> Edits:
        return Edits(
            env=tuple(self.env.values()),
            device_nodes=tuple(self.nodes.values()),
            mounts=tuple(sorted(self.mounts.values(), key=_depth)),
            net_devices=tuple(self.net_devices.items()),
            hooks=tuple(self.hooks),
            additional_gids=tuple(self.gids),
            intel_rdt=self.rdt,
            problems=tuple(self.problems),
        )


def _mount(raw: Mapping[str, Any]) -> Mount:
    options = tuple(raw.get("options", ()))
    return Mount(raw["hostPath"], raw["containerPath"], options, raw.get("type", ""))


def _hook(raw: Mapping[str, Any]) -> Hook:
    arguments = tuple(raw.get("args", ()))
    environment = tuple(raw.get("env", ()))
    return Hook(raw["hookName"], raw["path"], arguments, environment, raw.get("timeout"))


def _depth(mount: Mount) -> int:
    return os.path.normpath(f"/{mount.container_path.lstrip('/')}").count("/")


def _device_node(raw: Mapping[str, Any], host: Path) -> DeviceNode:
    path = raw.get("hostPath") or raw["path"]
    kind, major, minor = raw.get("type", ""), raw.get("major"), raw.get("minor")
    # A node that says its type and major number needs no host node; else the host's is taken.
    if not (kind and (major or kind == "p")):
        found = _host_node(path, host)
        if found and kind in {"", found[0]}:
            kind = found[0]
            major, minor = (major, minor) if major else found[1:]
    elif minor is None:
        minor = 0
    return DeviceNode(
        path=raw["path"],
        host_path=path,
        type=kind,
        major=major,
        minor=minor,
        permissions={"": "rwm", "none": ""}.get(
            raw.get("permissions", ""), raw.get("permissions", "")
        ),
        file_mode=raw.get("fileMode"),
        uid=raw.get("uid"),
        gid=raw.get("gid"),
    )


def _host_node(path: str, host: Path) -> tuple[str, int, int] | None:
    try:
        found = (host / path.lstrip("/")).lstat()
    except OSError:
        return None
    kinds = {stat.S_IFBLK: "b", stat.S_IFCHR: "c", stat.S_IFIFO: "p"}
    kind = kinds.get(stat.S_IFMT(found.st_mode))
    return (kind, os.major(found.st_rdev), os.minor(found.st_rdev)) if kind else None


def _problems(node: DeviceNode, host: Path) -> Iterable[str]:
    if node.type and (node.major or node.type == "p"):
        return
    found = _host_node(node.host_path, host)
    if found is None:
        yield f"device node {node.path}: {node.host_path} is no device on the host"
    elif node.type != found[0]:
        yield f"device node {node.path}: {node.host_path} is of type {found[0]}, not {node.type}"

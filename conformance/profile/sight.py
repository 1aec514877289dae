"""What is seen inside a container, whether its CDI edits tell it or a probe in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class EditedMount(Protocol):
    """A mount that CDI edits make."""

    @property
    def container_path(self) -> str:
        """The path in the container."""


class Edits(Protocol):
    """The merged CDI edits of a container (drawplate.conformance.bench.cdi_edits.Edits)."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables."""

    @property
    def device_paths(self) -> Sequence[str]:
        """The paths of the device nodes in the container."""

    @property
    def mounts(self) -> Sequence[EditedMount]:
        """The mounts."""

    @property
    def net_devices(self) -> Sequence[tuple[str, str]]:
        """The network devices, each as the host's name and the container's."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a container shows: variables, and paths of device nodes, mounts and interfaces."""

    environment: Mapping[str, str] = field(default_factory=dict)
    device_nodes: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()


def sight_of(source: Edits | Mapping[str, Any] | Sight) -> Sight:
    """Give the sight that CDI edits or a probe's JSON document describe."""
    if isinstance(source, Sight):
        return source
    return _of_probe(source) if isinstance(source, Mapping) else _of_edits(source)


def _of_probe(document: Mapping[str, Any]) -> Sight:
    return Sight(
        environment=dict(document.get("environment") or {}),
        device_nodes=tuple(entry["path"] for entry in document.get("devices") or ()),
        mounts=tuple(entry["target"] for entry in document.get("mounts") or ()),
        interfaces=tuple(entry["name"] for entry in document.get("interfaces") or ()),
    )


def _of_edits(edits: Edits) -> Sight:
    return Sight(
        environment=dict(edits.environment),
        device_nodes=tuple(edits.device_paths),
        mounts=tuple(mount.container_path for mount in edits.mounts),
        interfaces=tuple(name for _, name in edits.net_devices),
    )

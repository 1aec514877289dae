"""The Kubernetes objects that run the driver on every node, with no more rights than it needs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import jinja2
import yaml

from drawplate.driver.fabric import NETWORK_ATTACHED

_FOLDER = files("drawplate.driver.deploy")


@dataclass(frozen=True, slots=True)
class _Folder:
    name: str
    path: str
    inside: str
    type: str = "DirectoryOrCreate"
    read_only: bool = False

    @classmethod
    def same(cls, name: str, path: str) -> "_Folder":
        return cls(name, path, path)

    @classmethod
    def seen(cls, name: str, path: str, inside: str) -> "_Folder":
        return cls(name, path, inside, type="Directory", read_only=True)


# Each a value of the templates; all but the image have a default.
def manifests(  # noqa: PLR0913
    *,
    image: str,
    family: str = "gpu",
    driver_name: str = "",
    namespace: str = "drawplate-driver",
    driver_root: str = "/",
    sysfs_root: str = "/sys",
    dev_root: str = "/dev",
    kubelet_root: str = "/var/lib/kubelet",
    cdi_dir: str = "/var/run/cdi",
    state_dir: str = "",
    http_port: int = 8080,
    log_level: str = "info",
    inventory: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Give the objects in the order in which they are to be created.

    `driver_name` is by default FAMILY.drawplate.dev, `state_dir` /var/lib/DRIVER_NAME. Folders
    that the driver writes to have the same path on the host and in the container, as the kubelet
    is told the socket's path. The three roots are folders of the host. The family of
    network-attached devices has none; it has an `inventory` and a controller that publishes it.
    """
    driver_name = driver_name or f"{family}.drawplate.dev"
    state_dir = state_dir or f"/var/lib/{driver_name}"
    # Names of pods become host names, which have no dots.
    name = driver_name.replace(".", "-")
    network_attached = family == NETWORK_ATTACHED
    written = [
        _Folder.same("registry", f"{kubelet_root}/plugins_registry"),
        _Folder.same("plugin", f"{kubelet_root}/plugins/{driver_name}"),
        _Folder.same("cdi", cdi_dir),
        _Folder.same("state", state_dir),
    ]
    hardware = [
        _Folder.seen("driver-root", driver_root, "/driver-root"),
        _Folder.seen("sysfs", sysfs_root, "/sys"),
        _Folder.seen("dev", dev_root, "/host-dev"),
    ]
    values = {
        "name": name,
        "controller": f"{name}-controller" if network_attached else "",
        "inventory_name": f"{name}-inventory",
        "inventory": _inventory(inventory) if network_attached else "",
        "image": image,
        "driver_name": driver_name,
        "namespace": namespace,
        "family": family,
        "driver_root": driver_root,
        "kubelet_root": kubelet_root,
        "cdi_dir": cdi_dir,
        "state_dir": state_dir,
        "http_port": http_port,
        "log_level": log_level,
        "folders": written if network_attached else written + hardware,
    }
    objects = _render("manifests.yaml.j2", values)
    return objects + _render("controller.yaml.j2", values) if network_attached else objects


def _inventory(given: Mapping[str, Any] | None) -> str:
    if given is None:
        return (_FOLDER / "inventory.json").read_text("utf-8")
    return json.dumps(given, indent=2) + "\n"


def _render(template: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    text = (_FOLDER / template).read_text("utf-8")
    return list(yaml.safe_load_all(_environment().from_string(text).render(values)))


def _environment() -> jinja2.Environment:
    # YAML is made, not HTML; values are quoted by `tojson`.
    return jinja2.Environment(  # noqa: S701
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )

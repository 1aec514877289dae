"""The Kubernetes objects that run the driver on every node, with no more rights than it needs."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

import jinja2
import yaml


@dataclass(frozen=True, slots=True)
class _Folder:
    name: str
    path: str
    type: str = "DirectoryOrCreate"
    read_only: bool = False


# Each a value of the templates; all but the image have a default.
def manifests(  # noqa: PLR0913
    *,
    image: str,
    driver_name: str = "gpu.drawplate.dev",
    namespace: str = "drawplate-driver",
    machine: str = "dgx-h100",
    kubelet_root: str = "/var/lib/kubelet",
    cdi_dir: str = "/var/run/cdi",
    state_dir: str = "",
    http_port: int = 8080,
    log_level: str = "info",
) -> list[dict[str, Any]]:
    """Give the objects in the order in which they are to be created.

    `machine` is a shipped machine's name, or the path of a machine file on the nodes; then its
    folder is mounted, so that replacing the file is noticed. `state_dir` is by default
    /var/lib/DRIVER_NAME. Folders have the same path on the host and in the container, as the
    kubelet is told the socket's path.
    """
    state_dir = state_dir or f"/var/lib/{driver_name}"
    folders = [
        _Folder("registry", f"{kubelet_root}/plugins_registry"),
        _Folder("plugin", f"{kubelet_root}/plugins/{driver_name}"),
        _Folder("cdi", cdi_dir),
        _Folder("state", state_dir),
    ]
    if machine.startswith("/"):
        place = str(PurePosixPath(machine).parent)
        folders.append(_Folder("machine", place, type="Directory", read_only=True))
    template = _environment().from_string(
        (files("drawplate.driver.deploy") / "manifests.yaml.j2").read_text("utf-8")
    )
    rendered = template.render(
        # Names of pods become host names, which have no dots.
        name=driver_name.replace(".", "-"),
        image=image,
        driver_name=driver_name,
        namespace=namespace,
        machine=machine,
        kubelet_root=kubelet_root,
        cdi_dir=cdi_dir,
        state_dir=state_dir,
        http_port=http_port,
        log_level=log_level,
        folders=folders,
    )
    return list(yaml.safe_load_all(rendered))


def _environment() -> jinja2.Environment:
    # YAML is made, not HTML; values are quoted by `tojson`.
    return jinja2.Environment(  # noqa: S701
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )

"""Gives a node that is in a cloud its metadata server.

Options: `metadata.address` is where it listens (default: a free port of 127.0.0.1), `off` for
nowhere; the address is also in the file `metadata.address` of the node's folder, for
GCE_METADATA_HOST. `metadata.link_local=on` listens at 169.254.169.254:80 of the network namespace
`nic.namespace` too, which must then be the node's alone.
"""

import os
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawplate.emulators.metadata.instance import provider_of
from drawplate.emulators.metadata.server import MetadataServer
from drawplate.emulators.nic import namespaces
from drawplate.emulators.nic.links import Links
from drawplate.emulators.nic.window import open_sysfs
from drawplate.emulators.problems import SetupProblem

if TYPE_CHECKING:
    from drawplate.emulators.node import Node
    from drawplate.emulators.state.model import State

LINK_LOCAL = "169.254.169.254"
ADDRESS_FILE = "metadata.address"


def attach(node: "Node") -> None:
    """Add the server, if the machine file names a cloud or there are TPUs."""
    options = node.settings.options
    wanted = options.get("metadata.address", "")
    if wanted == "off" or (provider_of(node.state) == "none" and not wanted):
        return
    host, port = _parsed(wanted or "127.0.0.1:0")
    server = _Published(host, port, node.settings.folder / ADDRESS_FILE)
    node.surfaces.append(server)
    node.operations["metadata_address"] = lambda: "{}:{}".format(*server.address)
    if options.get("metadata.link_local") == "on":
        path = Path(options.get("nic.namespace", namespaces.OWN))
        if _is_the_machines(path):
            raise SetupProblem(
                f"{LINK_LOCAL} would be this machine's, and not the emulated node's alone",
                where="metadata.link_local",
                cure="name another network namespace with `--option nic.namespace=FILE`",
            )
        node.surfaces.append(MetadataServer(LINK_LOCAL, 80, partial(_enter, path)))


class _Published(MetadataServer):
    """The server at the address that clients are told by an environment variable."""

    def __init__(self, host: str, port: int, file: Path) -> None:
        super().__init__(host, port, lambda action: action())
        self._file = file

    def start(self, state: "State") -> None:
        super().start(state)
        self._file.write_text("{}:{}\n".format(*self.address), encoding="utf-8")

    def stop(self) -> None:
        super().stop()
        self._file.unlink(missing_ok=True)


def _is_the_machines(path: Path) -> bool:
    """Tell whether a network namespace has hardware: it then is the machine's own."""
    with namespaces.opened(path) as namespace:
        root = open_sysfs(namespace)
    interfaces = Path(f"/proc/self/fd/{root}/class/net")
    try:
        return any((one / "device").exists() for one in interfaces.iterdir())
    finally:
        os.close(root)


def _enter(path: Path, action: Callable[[], Any]) -> Any:
    with namespaces.opened(path) as namespace, closing(Links(namespace)) as links:
        loopback = links.named("lo")
        if loopback:
            links.set(loopback, up=True)
            links.add_address(loopback, f"{LINK_LOCAL}/32")
        return namespaces.run_inside(namespace, action)


def _parsed(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        raise SetupProblem(
            f"{text!r} is no address", where="metadata.address", cure="write HOST:PORT, or `off`"
        )
    return host, int(port)

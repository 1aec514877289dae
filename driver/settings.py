"""The driver's command line: where everything is, checked before anything is touched."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drawplate.driver.hardware import FAMILIES
from drawplate.driver.roots import Roots
from drawplate.emulators.problems import SetupProblem

# sockaddr_un.sun_path has 108 bytes, the last of them a NUL (unix(7)).
MAX_SOCKET_PATH = 107

_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")


@dataclass(frozen=True, slots=True)
class Settings:
    """Names and places of one driver instance."""

    driver: str
    node: str
    family: str
    roots: Roots
    kubeconfig: Path | None
    registry: Path
    plugins: Path
    cdi: Path
    state: Path
    http_address: str
    http_port: int
    log_level: str

    @property
    def registration_socket(self) -> Path:
        """Where the kubelet finds the driver."""
        return self.registry / f"{self.driver}-reg.sock"

    @property
    def service_socket(self) -> Path:
        """Where the kubelet calls the driver; it tells the kubelet this path."""
        return self.plugins / self.driver / "dra.sock"

    @property
    def mover(self) -> Path:
        """The program that moves interfaces into pods; the host must call it so too."""
        return self.plugins / self.driver / "move-interface"

    @property
    def checkpoint(self) -> Path:
        """What is prepared, over restarts and reboots."""
        return self.state / "checkpoint.json"

    @property
    def locks(self) -> tuple[Path, Path]:
        """Held by the one running instance: of this state, and at these sockets."""
        return self.state / "driver.lock", self.service_socket.with_name("driver.lock")


def parse(arguments: Sequence[str]) -> Settings:
    """Read the command line. Raises SetupProblem for names and paths that cannot work."""
    given = _parser().parse_args(arguments)
    root = Path(given.kubelet_root).absolute()
    driver = given.driver_name or f"{given.family}.drawplate.dev"
    state = given.state_dir or f"/var/lib/{driver}"
    settings = Settings(
        driver=driver,
        node=given.node_name,
        family=given.family,
        roots=Roots(
            Path(given.driver_root).absolute(),
            Path(given.host_driver_root or given.driver_root).absolute(),
            Path(given.sysfs_root).absolute(),
            Path(given.dev_root).absolute(),
        ),
        kubeconfig=Path(given.kubeconfig).absolute() if given.kubeconfig else None,
        registry=Path(given.registry_dir or root / "plugins_registry").absolute(),
        plugins=Path(given.plugin_dir or root / "plugins").absolute(),
        cdi=Path(given.cdi_dir).absolute(),
        state=Path(state).absolute(),
        http_address=given.http_address,
        http_port=given.http_port,
        log_level=given.log_level.upper(),
    )
    _check(settings)
    return settings


def is_subdomain(name: str, longest: int = 253) -> bool:
    """Tell whether Kubernetes takes `name` for a DNS subdomain of at most `longest` characters."""
    return len(name) <= longest and _SUBDOMAIN.fullmatch(name) is not None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="drawplate-driver", description="The DRA reference driver of Drawplate, for one node."
    )
    add = parser.add_argument
    add("--driver-name", metavar="NAME", help="default: FAMILY.drawplate.dev")
    add("--node-name", required=True, metavar="NAME", help="the Node that this runs on")
    add("--family", default="gpu", choices=sorted(FAMILIES), help="the kind of hardware")
    add("--driver-root", default="/", metavar="DIR", help="where the vendor's driver is installed")
    add("--host-driver-root", metavar="DIR", help="what the host calls it; default: the same")
    add("--sysfs-root", default="/sys", metavar="DIR")
    add("--dev-root", default="/dev", metavar="DIR")
    add("--kubeconfig", metavar="FILE", help="default: the pod's service account")
    add("--kubelet-root", default="/var/lib/kubelet", metavar="DIR")
    add("--registry-dir", metavar="DIR", help="default: plugins_registry below the kubelet root")
    add("--plugin-dir", metavar="DIR", help="default: plugins below the kubelet root")
    add("--cdi-dir", default="/var/run/cdi", metavar="DIR")
    add("--state-dir", metavar="DIR", help="default: /var/lib/NAME; must outlive a reboot")
    add("--http-address", default="127.0.0.1", metavar="IP", help="for /metrics and /healthz")
    add("--http-port", type=int, default=0, metavar="PORT", help="default: a free port, logged")
    levels = ("debug", "info", "warning", "error")
    add("--log-level", default="info", choices=levels)
    return parser


def _check(settings: Settings) -> None:
    # The driver name stands in slices, claims and CDI kinds: resource.k8s.io/v1 allows 63.
    for flag, name, longest in (
        ("--driver-name", settings.driver, 63),
        ("--node-name", settings.node, 253),
    ):
        if not is_subdomain(name, longest):
            raise SetupProblem(
                f"{name!r} is not a DNS subdomain of at most {longest} characters",
                where=flag,
                cure="use lower-case letters, digits, '-' and '.'",
            )
    for path in (settings.registration_socket, settings.service_socket):
        size = len(str(path).encode())
        if size > MAX_SOCKET_PATH:
            raise SetupProblem(
                f"the socket path has {size} bytes, but Linux allows {MAX_SOCKET_PATH}",
                where=str(path),
                cure="use a shorter --kubelet-root, --registry-dir, --plugin-dir or --driver-name",
            )

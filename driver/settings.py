"""The driver's command line: where everything is, checked before anything is touched."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drawplate.driver.fabric import NETWORK_ATTACHED
from drawplate.driver.hardware import FAMILIES
from drawplate.driver.names import is_dns_label, is_subdomain
from drawplate.driver.roots import Roots
from drawplate.emulators.problems import SetupProblem

# sockaddr_un.sun_path has 108 bytes, the last of them a NUL (unix(7)).
MAX_SOCKET_PATH = 107

NODE = "node"
CONTROLLER = "controller"


@dataclass(frozen=True, slots=True)
class Settings:
    """Names and places of one driver instance.

    The controller has no `node`, and uses none of the folders. `namespace` may be empty.
    """

    driver: str
    role: str
    node: str
    namespace: str
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
    if given.family == NETWORK_ATTACHED and not given.inventory:
        raise SetupProblem(
            f"the family {NETWORK_ATTACHED!r} has no devices without an inventory",
            where="--inventory",
            cure="give the file that lists its pools",
        )
    root = Path(given.kubelet_root).absolute()
    driver = given.driver_name or f"{given.family}.drawplate.dev"
    state = given.state_dir or f"/var/lib/{driver}"
    settings = Settings(
        driver=driver,
        role=given.role,
        node=given.node_name,
        namespace=given.namespace,
        family=given.family,
        roots=_roots(given),
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


def _roots(given: argparse.Namespace) -> Roots:
    return Roots(
        Path(given.driver_root).absolute(),
        Path(given.host_driver_root or given.driver_root).absolute(),
        Path(given.sysfs_root).absolute(),
        Path(given.dev_root).absolute(),
        # Families that have none do not look there.
        Path(given.inventory).absolute(),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="drawplate-driver", description="The DRA reference driver of Drawplate."
    )
    add = parser.add_argument
    add("--driver-name", metavar="NAME", help="default: FAMILY.drawplate.dev")
    add(
        "--role",
        default=NODE,
        choices=(NODE, CONTROLLER),
        help="the plugin of one node's kubelet, or what publishes network-attached devices",
    )
    add("--node-name", default="", metavar="NAME", help="the Node that this runs on")
    add("--namespace", default="", metavar="NAME", help="owns the controller's slices")
    add("--family", default="gpu", choices=sorted(FAMILIES), help="the kind of hardware")
    add("--driver-root", default="/", metavar="DIR", help="where the vendor's driver is installed")
    add("--host-driver-root", metavar="DIR", help="what the host calls it; default: the same")
    add("--inventory", default="", metavar="FILE", help="lists network-attached devices")
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
    _check_name("--driver-name", settings.driver, 63)
    if settings.role == CONTROLLER:
        _check_controller(settings)
    else:
        _check_node(settings)


def _check_controller(settings: Settings) -> None:
    if settings.family != NETWORK_ATTACHED:
        raise SetupProblem(
            f"devices of the family {settings.family!r} belong to nodes, which publish them",
            where="--role",
            cure=f"give --family={NETWORK_ATTACHED}, or no --role",
        )
    if settings.namespace and not is_dns_label(settings.namespace):
        raise SetupProblem(
            f"{settings.namespace!r} is not a DNS label of at most 63 characters",
            where="--namespace",
            cure="use lower-case letters, digits and '-'",
        )


def _check_node(settings: Settings) -> None:
    if not settings.node:
        raise SetupProblem(
            "there is no name of a Node",
            where="--node-name",
            cure="give the name of the Node that this runs on",
        )
    _check_name("--node-name", settings.node, 253)
    for path in (settings.registration_socket, settings.service_socket):
        size = len(str(path).encode())
        if size > MAX_SOCKET_PATH:
            raise SetupProblem(
                f"the socket path has {size} bytes, but Linux allows {MAX_SOCKET_PATH}",
                where=str(path),
                cure="use a shorter --kubelet-root, --registry-dir, --plugin-dir or --driver-name",
            )


def _check_name(flag: str, name: str, longest: int) -> None:
    if not is_subdomain(name, longest):
        raise SetupProblem(
            f"{name!r} is not a DNS subdomain of at most {longest} characters",
            where=flag,
            cure="use lower-case letters, digits, '-' and '.'",
        )

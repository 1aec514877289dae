"""The family `nic`: network cards with a PCI function, through netlink and /sys."""

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from drawplate.driver import pci
from drawplate.driver.attributes import flag, integer, string
from drawplate.driver.device import Attribute, Device, DeviceNode, Edits, Interface
from drawplate.driver.links import Link, links, uplinks
from drawplate.driver.pci import Function, place_attributes
from drawplate.driver.replacing import replace_file
from drawplate.driver.roots import Roots, find_node
from drawplate.emulators.problems import SetupProblem

_log = logging.getLogger(__name__)

# PCI Code and ID Assignment Specification: base class of network controllers.
NETWORK = 0x02

# Drivers that give a function to user space: it has no interface then.
_USER_SPACE = frozenset({"vfio-pci", "uio_pci_generic", "igb_uio", "pci-stub", "xen-pciback"})

# The interface of every pod's own network (containerd, CRI-O: the first CNI network).
_POD_INTERFACE = "eth0"

_RDMA_FOLDERS = ("infiniband_verbs", "infiniband_mad")


class Nics:
    """Reads the network cards of this node, those included whose interface is in a pod."""

    def __init__(self, roots: Roots, memory: Path) -> None:
        """Know the interfaces that are written down in the file `memory`, if there is one."""
        self._roots = roots
        self._memory = memory
        # While an interface is in a pod, the host does not tell how it was called.
        self._known = _recall(memory)
        self._lock = threading.Lock()

    @property
    def watched(self) -> Sequence[Path]:
        """The folders in which something changes when a card comes or goes."""
        return pci.watched(self._roots)

    def read(self) -> tuple[Device, ...]:
        """Give the cards, by address, but for those that this node itself is reached by.

        Raises SetupProblem.
        """
        with self._lock:
            before = dict(self._known)
            try:
                here = {link.name: link for link in links()}
                found = tuple(self._read(here, uplinks()))
            except OSError as error:
                raise SetupProblem(
                    f"the network cards cannot be read: {error.strerror}",
                    where=str(error.filename or self._roots.sysfs),
                    cure="give the folder where this node's sysfs is mounted with --sysfs-root",
                ) from None
            if self._known != before:
                self._remember()
            return found

    def is_there(self, device: Device) -> bool:
        """Tell whether the card's interface is on the host, and not in a pod or gone."""
        wanted = {one.host for one in device.edits.interfaces}
        return wanted <= {link.name for link in links()} and device in self.read()

    def _read(self, here: dict[str, Link], reserved: set[str]) -> Iterator[Device]:
        present = set()
        for function in pci.functions(self._roots):
            if function.base_class != NETWORK or function.driver in {"", *_USER_SPACE}:
                continue
            present.add(function.address)
            found = [here[name] for name in function.entries("net") if name in here]
            if found:
                self._known[function.address] = found[0]
            link = self._known.get(function.address)
            if link and link.name not in reserved:
                yield self._describe(function, link)
        self._known = {key: link for key, link in self._known.items() if key in present}

    def _remember(self) -> None:
        known = {address: asdict(link) for address, link in self._known.items()}
        try:
            self._memory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(self._memory, json.dumps(known).encode(), 0o600, durable=True)
        except OSError as error:
            extra = {"path": str(self._memory), "error": str(error)}
            _log.warning("interfaces that are in pods would be forgotten", extra=extra)

    def _describe(self, function: Function, link: Link) -> Device:
        rdma = function.entries("infiniband")
        attributes: dict[str, Attribute] = {
            "interfaceName": string(link.name),
            "mac": string(link.mac),
            "mtu": integer(link.mtu),
            "rdma": flag(rdma),
            "virtualFunction": flag((function.folder / "physfn").exists()),
            **place_attributes(self._roots, function.address),
        }
        if rdma:
            attributes["rdmaDevice"] = string(rdma[0])
        total = function.number("sriov_totalvfs")
        if total:
            attributes["sriovTotal"] = integer(total)
        name = f"nic-{function.label}"
        return Device(
            name=name,
            attributes=attributes,
            capacity={},
            edits=Edits(
                # Names of variables have no dashes.
                variable=f"NIC_DEVICE_{function.label.replace('-', '_').upper()}",
                identity=link.mac,
                variables={},
                nodes=tuple(self._rdma_nodes(function)),
                interfaces=(Interface(link.name, _in_a_pod(link.name)),),
            ),
        )

    def _rdma_nodes(self, function: Function) -> Iterator[DeviceNode]:
        names = [name for folder in _RDMA_FOLDERS for name in function.entries(folder)]
        found = [node for name in names if (node := find_node(self._roots, f"infiniband/{name}"))]
        yield from found
        manager = find_node(self._roots, "infiniband/rdma_cm") if found else None
        if manager:
            yield manager


def _in_a_pod(name: str) -> str:
    """Give the name in a pod, where the one that container runtimes use is taken."""
    return f"{name}-nic" if name == _POD_INTERFACE else name


def _recall(memory: Path) -> dict[str, Link]:
    try:
        known = json.loads(memory.read_bytes())
        return {address: Link(**link) for address, link in known.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        # Those on the host are read anyway.
        _log.warning("not a list of interfaces", extra={"path": str(memory), "error": str(error)})
        return {}

"""The family `tpu`: Google's TPUs, through /sys, /dev and the file that the cloud gives a node."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from drawplate.driver import pci
from drawplate.driver.attributes import integer, string
from drawplate.driver.device import Attribute, Device, DeviceNode, Edits
from drawplate.driver.pci import Function, place_attributes
from drawplate.driver.roots import Roots, find_node
from drawplate.emulators.problems import SetupProblem

GOOGLE = 0x1AE0

# PCI device IDs, as JAX (hardware_utils) and tpu-info know them.
GENERATIONS = {0x5E: "v4", 0x62: "v5p", 0x63: "v5e", 0x6F: "v6e", 0x76: "v7x"}

# Where GKE's nodes have what is known of their slice: lines KEY: 'value'.
TPU_ENV = Path("etc/tpu/tpu-env")

# Of each chip of these generations two functions show, of which the first has the node.
_FIRST_FUNCTION = ".0"


class Tpus:
    """Reads the TPU chips of this node."""

    def __init__(self, roots: Roots) -> None:
        """Nothing is loaded: the kernel shows all there is."""
        self._roots = roots

    @property
    def watched(self) -> Sequence[Path]:
        """The folders in which something changes when a chip comes or goes."""
        return [*pci.watched(self._roots), self._roots.dev]

    def read(self) -> tuple[Device, ...]:
        """Give the chips that have their device node, by address. Raises SetupProblem."""
        try:
            chips = [one for one in pci.functions(self._roots) if _is_chip(one)]
            settings = read_tpu_env(self._roots.driver / TPU_ENV)
            found = [(chip, self._node(chip)) for chip in chips]
            return tuple(self._describe(chip, node, settings) for chip, node in found if node)
        except OSError as error:
            raise SetupProblem(
                f"the TPUs cannot be read: {error.strerror}",
                where=str(error.filename or self._roots.sysfs),
                cure="give the folder where this node's sysfs is mounted with --sysfs-root",
            ) from None

    def is_there(self, device: Device) -> bool:
        """Tell whether the chip can be handed out at this moment."""
        return device in self.read()

    def _node(self, chip: Function) -> DeviceNode | None:
        """Give the chip's own node: accel for the older generations, a VFIO group for the newer."""
        names = [f"accel/{name}" for name in chip.entries("accel")] + chip.entries("accel")
        if not names:
            try:
                names = [f"vfio/{(chip.folder / 'iommu_group').readlink().name}"]
            except OSError:
                return None
        return next(filter(None, (find_node(self._roots, name) for name in names)), None)

    def _describe(self, chip: Function, node: DeviceNode, settings: Mapping[str, str]) -> Device:
        index = _number(node)
        attributes: dict[str, Attribute] = {
            "index": integer(index),
            "tpuGen": string(GENERATIONS[chip.device]),
            **place_attributes(self._roots, chip.address),
        }
        for name, key in (("topology", "TOPOLOGY"), ("acceleratorType", "ACCELERATOR_TYPE")):
            if settings.get(key):
                attributes[name] = string(settings[key])
        container = (
            find_node(self._roots, "vfio/vfio") if node.path.startswith("/dev/vfio") else None
        )
        return Device(
            name=f"tpu-{chip.label}",
            attributes=attributes,
            capacity={},
            edits=Edits(
                variable=f"TPU_DEVICE_{index}",
                identity=chip.address,
                # A workload must not ask the cloud for what one node of a slice may not know.
                variables={"TPU_SKIP_MDS_QUERY": "true", **_slice_variables(settings)},
                nodes=tuple(filter(None, (node, container))),
            ),
        )


def read_tpu_env(path: Path) -> dict[str, str]:
    """Read the lines `KEY: 'value'` of a tpu-env file; none if there is no such file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {key.strip(): value.strip().strip("'\"") for key, _, value in pairs}


def _number(node: DeviceNode) -> int:
    """Give the number in the node's name, which the others' coming and going does not change."""
    return int(re.sub(r"\D", "", Path(node.path).name))


def _is_chip(function: Function) -> bool:
    known = function.vendor == GOOGLE and function.device in GENERATIONS
    return known and function.address.endswith(_FIRST_FUNCTION)


def _slice_variables(settings: Mapping[str, str]) -> dict[str, str]:
    names = {
        "TOPOLOGY": "TPU_TOPOLOGY",
        "ACCELERATOR_TYPE": "TPU_ACCELERATOR_TYPE",
        "CHIPS_PER_HOST_BOUNDS": "TPU_CHIPS_PER_HOST_BOUNDS",
        "WORKER_ID": "TPU_WORKER_ID",
    }
    return {name: settings[key] for key, name in names.items() if settings.get(key)}

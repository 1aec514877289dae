"""Which model a PCI function is: a shipped profile, or a new one made of what the node tells."""

from dataclasses import dataclass, field
from typing import Any

from drawplate.emulators.located import tuples
from drawplate.emulators.machine.profiles import Profile, profiles, shipped_profile
from drawplate.emulators.machine.record.functions import Function
from drawplate.emulators.machine.record.nvml import Told

_NETWORK, _DISPLAY, _ACCELERATOR = "02", "03", "12"
_GPUS = {"10de": "nvidia-gpu", "1002": "amd-gpu", "8086": "intel-gpu"}
_GOOGLE = "1ae0"
# Google's functions that are no TPUs: NVMe, gVNIC, and the coprocessor of phones.
_NO_TPUS = {"001f", "0042", "abcd"}


@dataclass(slots=True)
class Models:
    """The models of one recording: those that had to be made are in `made`, as a file has them."""

    told: dict[str, Told]
    made: dict[str, dict[str, Any]] = field(default_factory=dict)

    def name_of(self, function: Function, kind: str, virtual: Function | None) -> str:
        """Give the name of the profile of a function; `virtual` is its first virtual function."""
        # A virtual function may have the same ids as its physical one.
        virtuals = {profile.pci.virtual_function for profile in profiles().values()}
        for name, profile in profiles().items():
            if not _is(function, profile) or name in virtuals:
                continue
            if virtual is None or profile.pci.virtual_function:
                return name
        name = f"recorded-{function.vendor_device.replace(':', '-')}"
        if name not in self.made:
            self.made[name] = self._make(function, kind, virtual)
        return name

    def profile(self, name: str) -> Profile:
        """Give a profile, shipped or made."""
        made = self.made.get(name)
        return shipped_profile(name) if made is None else Profile.model_validate(tuples(made))

    def _make(self, function: Function, kind: str, virtual: Function | None) -> dict[str, Any]:
        told = self.told.get(function.address)
        memory = told.memory_mib if told else _video_memory(function)
        pci = _pci(function)
        if virtual:
            name = f"recorded-{virtual.vendor_device.replace(':', '-')}-vf"
            self.made.setdefault(name, self._make(virtual, kind, None))
            pci["virtual_function"] = name
        # What only the maker's own tools would tell is that of the most similar model.
        made: dict[str, Any] = {
            "like": _nearest(function, kind, memory),
            "product": told.product if told else f"recorded {function.vendor_device}",
        }
        if memory:
            made["memory_mib"] = memory
        if told and told.architecture:
            made["architecture"] = told.architecture
        if driver := _driver(function):
            made["driver"] = driver
        return {**made, "pci": pci}


def kind_of(function: Function) -> str | None:
    """Give the kind of a function that belongs into a machine file, and None of others."""
    vendor, device = function.vendor_device.split(":")
    base = function.hexes("class", 6)[:2]
    if vendor == _GOOGLE and device not in _NO_TPUS and base != _NETWORK:
        return "tpu"
    if base == _NETWORK:
        return "nic"
    return _GPUS.get(vendor) if base in {_DISPLAY, _ACCELERATOR} else None


def _is(function: Function, profile: Profile) -> bool:
    pci = profile.pci
    return (
        function.vendor_device == f"{pci.vendor}:{pci.device}"
        and function.hexes("class", 6) == pci.class_
        and function.hexes("subsystem_device") == pci.subsystem_device
    )


def _nearest(function: Function, kind: str, memory_mib: int) -> str:
    is_virtual = (function.folder / "physfn").exists()
    virtuals = {profile.pci.virtual_function for profile in profiles().values()}

    def distance(name: str) -> tuple[bool, bool, bool, int]:
        one = of_kind[name]
        return (
            (name in virtuals) != is_virtual,
            one.pci.vendor != function.hexes("vendor"),
            one.pci.class_ != function.hexes("class", 6),
            abs(one.memory_mib - memory_mib),
        )

    of_kind = {name: one for name, one in profiles().items() if one.kind == kind}
    return min(of_kind, key=distance)


def _pci(function: Function) -> dict[str, Any]:
    vendor, device = function.vendor_device.split(":")
    return {
        "vendor": vendor,
        "device": device,
        "class": function.hexes("class", 6),
        "revision": function.hexes("revision", 2),
        "subsystem_vendor": function.hexes("subsystem_vendor"),
        "subsystem_device": function.hexes("subsystem_device"),
        "config_bytes": function.config_bytes,
        "bars": list(function.bars),
        "link_speed_gts": function.link_speed,
        "link_width": function.number("max_link_width") or 1,
        "kernel_driver": function.driver,
        "sriov_total": function.number("sriov_totalvfs"),
    }


def _driver(function: Function) -> str:
    # A device that is to be handed on to a virtual machine does not tell its own driver.
    return "" if function.driver in {"vfio-pci", "pci-stub"} else function.driver


def _video_memory(function: Function) -> int:
    # amdgpu tells it in bytes.
    return function.number("mem_info_vram_total") >> 20

"""The devices of the node that is recorded, those of one model together."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from drawplate.emulators.machine.addresses import function_addresses
from drawplate.emulators.machine.record.functions import Function
from drawplate.emulators.machine.record.models import Models, kind_of
from drawplate.emulators.machine.record.nvml import Told


@dataclass(frozen=True, slots=True)
class Redaction:
    """Which identities may be written, and what NVML told of them."""

    keep: bool
    told: dict[str, Told]


def groups_of(
    devices: Iterable[Function], models: Models, redaction: Redaction
) -> list[dict[str, Any]]:
    """Give the groups of a machine file."""
    together: dict[tuple[Any, ...], list[Function]] = {}
    further: set[str] = set()
    for one in devices:
        if one.address in further:
            continue
        kind = str(kind_of(one))
        virtual = _first_virtual(one)
        name = models.name_of(one, kind, virtual)
        further.update(function_addresses(one.address, models.profile(name).pci.functions)[1:])
        sriov = (one.number("sriov_totalvfs"), one.number("sriov_numvfs"))
        # One group has either names for all or for none.
        named = (len(one.names("net")) > 0, len(one.names("infiniband")) > 0)
        together.setdefault((kind, name, sriov, named), []).append(one)
    groups = [
        _group(kind, name, sriov, members, redaction)
        for (kind, name, sriov, _), members in together.items()
    ]
    _forget_shared_macs(groups)
    return groups


def _forget_shared_macs(groups: list[dict[str, Any]]) -> None:
    # Interfaces of a bond all show the bond's address.
    netdevs = [one for group in groups for one in group.get("netdev", [])]
    macs = Counter(one.get("mac") for one in netdevs)
    for one in netdevs:
        if macs[one.get("mac")] > 1:
            one.pop("mac", None)


def _group(
    kind: str, name: str, sriov: tuple[int, int], members: list[Function], redaction: Redaction
) -> dict[str, Any]:
    group: dict[str, Any] = {
        "kind": kind,
        "profile": name,
        "count": len(members),
        "at": [one.address for one in members],
    }
    if members[0].names("net"):
        group["netdev"] = [_netdev(one, redaction) for one in members]
    if members[0].names("infiniband"):
        group["rdma"] = [_rdma(one) for one in members]
    total, num = sriov
    if total:
        group["sriov"] = {"total": total, "num": num, **_spacing(members)}
    if redaction.keep:
        group.update(_identities(members, redaction.told))
    return group


def _spacing(members: list[Function]) -> dict[str, int]:
    # Ports of one card differ in their offset; their usual places need not be written.
    offsets = {one.number("sriov_offset") for one in members}
    strides = {one.number("sriov_stride") for one in members}
    spacing = {}
    if len(offsets) == 1 and min(offsets) > 0:
        spacing["offset"] = offsets.pop()
    if len(strides) == 1 and min(strides) > 1:
        spacing["stride"] = strides.pop()
    return spacing


def _netdev(one: Function, redaction: Redaction) -> dict[str, str]:
    name = one.names("net")[0]
    mac = one.text(f"net/{name}/address")
    # Addresses of InfiniBand have twenty bytes, and are no MAC addresses.
    keep = redaction.keep and len(mac) == len("02:00:00:00:00:00")
    return {"name": name, **({"mac": mac} if keep else {})}


def _rdma(one: Function) -> dict[str, str]:
    name = one.names("infiniband")[0]
    layer = one.text(f"infiniband/{name}/ports/1/link_layer")
    return {"name": name, **({"link_layer": layer} if layer else {})}


def _identities(members: list[Function], told: dict[str, Told]) -> dict[str, list[str]]:
    known = [told.get(one.address) for one in members]
    uuids = [one.uuid if one else "" for one in known]
    serials = [one.serial if one else "" for one in known]
    return {
        key: entries
        for key, entries in (("uuid", uuids), ("serial", serials))
        if all(entries) and len(set(entries)) == len(entries)
    }


def _first_virtual(one: Function) -> Function | None:
    folder = one.folder / "virtfn0"
    if not folder.exists():
        return None
    return Function(folder.resolve().name, folder, one.root, one.bridges)

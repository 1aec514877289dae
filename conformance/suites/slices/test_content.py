"""What the published ResourceSlices say."""

from collections import Counter, defaultdict

from drawplate.conformance.bench.slice_view import SliceView
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.covers import covers
from drawplate.conformance.problems import Inconclusive

STANDARD_DOMAIN = "resource.kubernetes.io"


@covers("SLC-01")
def test_devices_are_published_for_the_node(bench: Stage, slices: SliceView) -> None:
    published = slices.all()
    devices = {device["name"] for device in slices.devices()}
    expected = bench.profile.hardware.devices

    named = {one["spec"].get("nodeName") for one in published} - {None}
    assert named <= {bench.node.name}, f"slices of other nodes: {named}"
    assert expected is None or len(devices) == expected, f"{len(devices)} devices, not {expected}"


@covers("SLC-02")
def test_pool_name_belongs_to_the_node(bench: Stage, slices: SliceView) -> None:
    local = [one["spec"] for one in slices.all() if one["spec"].get("nodeName")]
    names = {spec["pool"]["name"] for spec in local}

    foreign = [name for name in names if bench.node.name not in name]
    assert not foreign, f"pool names without the node's name {bench.node.name!r}: {foreign}"


@covers("SLC-04")
def test_pool_is_complete(slices: SliceView) -> None:
    pools = defaultdict(list)
    for one in slices.all():
        pools[one["spec"]["pool"]["name"]].append(one["spec"]["pool"])

    for name, entries in pools.items():
        newest = max(entry["generation"] for entry in entries)
        current = [entry for entry in entries if entry["generation"] == newest]
        said = {entry["resourceSliceCount"] for entry in current}
        assert said == {len(current)}, f"pool {name} has {len(current)} slices and says {said}"


@covers("SLC-08")
def test_device_names_are_unique(slices: SliceView) -> None:
    names = Counter(
        (one["spec"]["pool"]["name"], device["name"])
        for one in slices.all()
        for device in one["spec"].get("devices") or ()
    )

    twice = [name for name, count in names.items() if count > 1]
    assert not twice, f"published more than once: {twice}"


@covers("SLC-10")
def test_names_stand_in_own_or_standard_domains(slices: SliceView) -> None:
    foreign = {
        name
        for device in slices.devices()
        for name in (*(device.get("attributes") or {}), *(device.get("capacity") or {}))
        if "/" in name and not slices.owns(name.partition("/")[0], STANDARD_DOMAIN)
    }

    assert not foreign, f"in the domain of somebody else: {sorted(foreign)}"


@covers("SLC-11")
def test_attribute_types_do_not_vary(slices: SliceView) -> None:
    types: defaultdict[str, set[str]] = defaultdict(set)
    for device in slices.devices():
        for name, value in (device.get("attributes") or {}).items():
            types[name] |= set(value)

    varying = {name: sorted(kinds) for name, kinds in types.items() if len(kinds) > 1}
    assert not varying, f"more than one type: {varying}"


@covers("SLC-21")
def test_node_owns_its_slices(bench: Stage, slices: SliceView) -> None:
    local = [one for one in slices.all() if one["spec"].get("nodeName")]
    if not local:
        raise Inconclusive("the driver publishes no slices of a node")

    for one in local:
        owners = one["metadata"].get("ownerReferences") or []
        nodes = [o for o in owners if o["kind"] == "Node" and o["name"] == bench.node.name]
        assert nodes, f"slice {one['metadata']['name']} has the owners {owners}"
        assert nodes[0].get("controller"), "the Node is an owner, but not the controller"

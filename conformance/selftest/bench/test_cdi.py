"""CDI: files are checked and merged as the CDI library and containerd do it."""

import os
from pathlib import Path
from typing import Any

import pytest

from drawplate.conformance.bench.cdi import CdiCache, UnresolvedDevice
from drawplate.conformance.bench.cdi_reader import SpecProblem, parse
from drawplate.conformance.bench.cdi_spec import check_spec, read_spec
from drawplate.conformance.bench.paths import BenchPaths
from drawplate.conformance.bench.results import Prepared, PreparedDevice
from drawplate.conformance.selftest.bench.scripted import write_spec

KIND = "vendor.example/gpu"


def spec(*devices: dict[str, Any], version: str = "0.6.0", **more: Any) -> dict[str, Any]:
    return {"cdiVersion": version, "kind": KIND, "devices": list(devices)} | more


def device(name: str, **edits: Any) -> dict[str, Any]:
    return {"name": name, "containerEdits": edits or {"env": [f"{name.upper()}=1"]}}


@pytest.fixture
def cache(paths: BenchPaths) -> CdiCache:
    return CdiCache(paths.cdi)


def test_edits_of_the_specification_come_once_and_first(cache: CdiCache, paths: BenchPaths) -> None:
    content = spec(device("a"), device("b"), containerEdits={"env": ["COMMON=1"]})
    write_spec(paths.cdi_dynamic, "x.json", content)
    assert cache.inject([f"{KIND}=b", f"{KIND}=a"]).env == ("COMMON=1", "B=1", "A=1")


def test_the_last_value_of_a_variable_wins_at_its_first_place(
    cache: CdiCache, paths: BenchPaths
) -> None:
    content = spec(device("a", env=["X=1", "Y=1"]), device("b", env=["X=2"]))
    write_spec(paths.cdi_dynamic, "x.json", content)
    edits = cache.inject([f"{KIND}=a", f"{KIND}=b"])
    assert edits.env == ("X=2", "Y=1")
    assert edits.environment == {"X": "2", "Y": "1"}


def test_a_repeated_name_counts_once(cache: CdiCache, paths: BenchPaths) -> None:
    hook = {"hookName": "createContainer", "path": "/bin/hook"}
    write_spec(paths.cdi_dynamic, "x.json", spec(device("a", hooks=[hook])))
    assert len(cache.inject([f"{KIND}=a", f"{KIND}=a"]).hooks) == 1


def test_mounts_are_ordered_by_depth_and_the_last_of_a_path_wins(
    cache: CdiCache, paths: BenchPaths
) -> None:
    def mount(source: str, target: str) -> dict[str, str]:
        return {"hostPath": source, "containerPath": target}

    first = device("a", mounts=[mount("/1", "/deep/er/path"), mount("/2", "/top")])
    second = device("b", mounts=[mount("/3", "/deep/er/path")])
    write_spec(paths.cdi_dynamic, "x.json", spec(first, second))
    mounts = cache.inject([f"{KIND}=a", f"{KIND}=b"]).mounts
    assert [(one.host_path, one.container_path) for one in mounts] == [
        ("/2", "/top"),
        ("/3", "/deep/er/path"),
    ]


def test_all_kinds_of_edits_arrive(cache: CdiCache, paths: BenchPaths) -> None:
    edits = {
        "deviceNodes": [{"path": "/dev/x", "type": "c", "major": 10, "minor": 7}],
        "netDevices": [{"hostInterfaceName": "eth7", "name": "net1"}],
        "additionalGids": [0, 5, 5],
        "intelRdt": {"closID": "c1"},
        "hooks": [{"hookName": "poststop", "path": "/bin/x", "args": ["x"], "timeout": 3}],
    }
    write_spec(paths.cdi_dynamic, "x.json", spec(device("a", **edits), version="1.1.0"))
    merged = cache.inject([f"{KIND}=a"])
    (node,) = merged.device_nodes
    assert (node.type, node.major, node.minor, node.permissions) == ("c", 10, 7, "rwm")
    assert merged.net_devices == (("eth7", "net1"),)
    assert merged.additional_gids == (5,)
    assert merged.intel_rdt == {"closID": "c1"}
    assert merged.hooks[0].timeout == 3
    assert merged.problems == ()


def test_numbers_that_a_node_does_not_say_come_from_the_host(
    cache: CdiCache, paths: BenchPaths
) -> None:
    nodes = [{"path": "/dev/mine", "hostPath": "/dev/null"}, {"path": "/dev/no-such-device"}]
    write_spec(paths.cdi_dynamic, "x.json", spec(device("a", deviceNodes=nodes)))
    merged = cache.inject([f"{KIND}=a"])
    null = Path("/dev/null").stat().st_rdev
    assert merged.device_nodes[0].major == os.major(null)
    assert merged.device_nodes[1].major is None
    assert [text.partition(":")[0] for text in merged.problems] == [
        "device node /dev/no-such-device"
    ]


def test_the_dynamic_folder_has_priority(cache: CdiCache, paths: BenchPaths) -> None:
    write_spec(paths.cdi_static, "x.json", spec(device("a", env=["FROM=etc"])))
    write_spec(paths.cdi_dynamic, "x.json", spec(device("a", env=["FROM=run"])))
    assert cache.inject([f"{KIND}=a"]).env == ("FROM=run",)
    assert cache.view().problems == {}


def test_two_definitions_at_one_priority_make_a_device_unusable(
    cache: CdiCache, paths: BenchPaths
) -> None:
    write_spec(paths.cdi_dynamic, "x.json", spec(device("a"), device("b")))
    write_spec(paths.cdi_dynamic, "y.json", spec(device("a")))
    with pytest.raises(UnresolvedDevice) as caught:
        cache.inject([f"{KIND}=a", f"{KIND}=b"])
    assert caught.value.names == (f"{KIND}=a",)
    assert caught.value.present == (f"{KIND}=b",)
    assert len(caught.value.problems) == 2


def test_an_unresolved_name_tells_what_is_there(cache: CdiCache, paths: BenchPaths) -> None:
    write_spec(paths.cdi_dynamic, "good.json", spec(device("a")))
    (paths.cdi_dynamic / "bad.yaml").write_text("kind: [")
    with pytest.raises(UnresolvedDevice, match=r"present: vendor\.example/gpu=a.*bad\.yaml"):
        cache.inject([f"{KIND}=nope"])


def test_yaml_json_with_tabs_and_octal_modes_are_read(tmp_path: Path) -> None:
    text = """
cdiVersion: 0.6.0
kind: vendor.example/gpu
devices:
- name: "0"
  containerEdits:
    env: [NUMBER=5]
    deviceNodes:
    - {path: /dev/x, type: c, major: 0x0a, minor: 1, fileMode: 0660}
"""
    (tmp_path / "x.yaml").write_text(text)
    read = read_spec(tmp_path / "x.yaml", 0)
    assert read.names == (f"{KIND}=0",)
    assert read.devices["0"]["deviceNodes"][0]["fileMode"] == 0o660
    assert read.devices["0"]["deviceNodes"][0]["major"] == 10
    tabs = '{\n\t"cdiVersion": "0.6.0",\n\t"kind": "vendor.example/gpu"\n}'
    assert parse(tabs)["kind"] == KIND


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "vendor"}, "vendor/class"),
        ({"kind": "1vendor/gpu"}, "vendor/class"),
        ({"kind": "vendor/gpu/more"}, "vendor/class"),
        ({"cdiVersion": "9.9.9"}, "not known"),
        ({"cdiVersion": "0.3.0", "devices": [device("0")]}, "needs 0.5.0"),
        ({"devices": []}, "no devices"),
        ({"devices": [device("a"), device("a")]}, "twice"),
        ({"devices": [{"name": "a", "containerEdits": {}}]}, "no edits"),
        ({"devices": [device("-a")]}, "device name"),
        ({"devices": [device("a", env=["=x"])]}, "NAME=value"),
        ({"devices": [device("a", deviceNodes=[{"type": "c"}])]}, "without path"),
        ({"devices": [device("a", deviceNodes=[{"path": "/x", "type": "z"}])]}, "type"),
        ({"devices": [device("a", deviceNodes=[{"path": "/x", "permissions": "x"}])]}, "permis"),
        ({"devices": [device("a", mounts=[{"hostPath": "/x"}])]}, "containerPath"),
        ({"devices": [device("a", hooks=[{"hookName": "never", "path": "/x"}])]}, "hook name"),
        ({"devices": [device("a", netDevices=[{"name": "x"}])]}, "needs 1.1.0"),
        ({"devices": [device("a", additionalGids=[1])]}, "needs 0.7.0"),
    ],
)
def test_what_the_library_refuses_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecProblem, match=words):
        check_spec(spec(device("a")) | change, Path("x.json"), 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("- a", "mapping"),
        ('{"kind": "a/b", "kind": "a/b"}', "twice"),
        ('{"knid": "a/b"}', "'knid' is not known"),
        ('{"devices": [{"name": "a", "edits": {}}]}', r"'devices\[0\]\.edits' is not known"),
        ('{"containerEdits": {"additionalGids": ["5"]}}', "instead of whole"),
        ('{"devices": {}}', "not a list"),
    ],
)
def test_unknown_fields_and_wrong_types_are_refused_with_their_place(text: str, words: str) -> None:
    with pytest.raises(SpecProblem, match=words):
        parse(text)


def test_edits_of_a_request_leave_out_other_requests(cache: CdiCache, paths: BenchPaths) -> None:
    write_spec(paths.cdi_dynamic, "x.json", spec(device("a"), device("b"), device("c")))
    prepared = Prepared(
        "uid",
        devices=(
            PreparedDevice(("one",), "p", "a", (f"{KIND}=a",)),
            PreparedDevice(("two",), "p", "b", (f"{KIND}=b",)),
            PreparedDevice((), "p", "c", (f"{KIND}=c",)),
        ),
    )
    assert cache.edits_of(prepared).env == ("A=1", "B=1", "C=1")
    assert cache.edits_of(prepared, "two").env == ("B=1", "C=1")
    assert cache.resolves(prepared)
    (paths.cdi_dynamic / "x.json").unlink()
    assert not cache.resolves(prepared)


def test_a_snapshot_sees_content_mode_and_left_over_files(
    cache: CdiCache, paths: BenchPaths
) -> None:
    path = write_spec(paths.cdi_dynamic, "uid-1.json", spec(device("a")))
    before = cache.snapshot()
    path.write_text(path.read_text())
    assert cache.snapshot() == before
    path.chmod(0o600)
    assert cache.snapshot() != before
    (paths.cdi_dynamic / "left.tmp").write_text("x")
    assert len(cache.snapshot()) == 2
    assert list(cache.files_of("uid-1")) == [path]


def test_a_reboot_empties_the_dynamic_folder_only(cache: CdiCache, paths: BenchPaths) -> None:
    kept = write_spec(paths.cdi_static, "x.json", spec(device("a")))
    write_spec(paths.cdi_dynamic, "y.json", spec(device("b")))
    (paths.cdi_dynamic / "sub").mkdir()
    cache.clear()
    assert list(cache.snapshot()) == [kept]
    assert list(paths.cdi_dynamic.iterdir()) == []

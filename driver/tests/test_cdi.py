"""CDI files: what a container runtime finds there."""

import json
from pathlib import Path

import pytest

from drawplate.driver.cdi import CdiFolder
from drawplate.driver.device import DeviceNode, Edits, Interface, Mount
from drawplate.driver.prepared import ClaimName, PreparedClaim, PreparedDevice

UID = "0e4bb0a2-5a37-4a20-b4c1-6f3f8b0f5f65"


def edits(number: int, identity: str) -> Edits:
    return Edits(
        f"GPU_DEVICE_{number}", identity, nodes=(DeviceNode(f"/dev/x{number}", 195, number),)
    )


DEVICE = PreparedDevice(
    "req/sub", "pool", "dev-0", edits(3, "UUID-0"), settings={"SHARING": "Exclusive"}
)
CLAIM = PreparedClaim(ClaimName(UID, "default", "claim"), (DEVICE,))


@pytest.fixture
def cdi(tmp_path: Path) -> CdiFolder:
    return CdiFolder(tmp_path / "cdi", "gpu.example.com", Path("/plugins/move-interface"))


def test_a_device_brings_its_node_and_its_variables(cdi: CdiFolder) -> None:
    cdi.write(CLAIM)
    spec = json.loads(cdi.path(UID).read_text())

    assert spec["cdiVersion"] == "0.6.0"
    assert spec["kind"] == "k8s.gpu.example.com/claim"
    assert spec["devices"] == [
        {
            "name": f"{UID}-req-dev-0",
            "containerEdits": {
                "env": ["GPU_DEVICE_3=UUID-0", "GPU_DEVICE_3_SHARING=Exclusive"],
                "deviceNodes": [
                    {
                        "path": "/dev/x3",
                        "type": "c",
                        "major": 195,
                        "minor": 3,
                        "fileMode": 0o666,
                        "permissions": "rw",
                    }
                ],
            },
        }
    ]


def test_mounts_and_interfaces_are_what_the_device_brings(cdi: CdiFolder) -> None:
    whole = Edits(
        "NIC_DEVICE_0",
        "nic0",
        {"MTU": "9000"},
        mounts=(Mount("/root/lib.so.1", "/usr/lib/lib.so.1"),),
        interfaces=(Interface("rdma0", "net1"),),
    )
    device = PreparedDevice("req", "pool", "dev-0", whole)
    spec = json.loads(cdi.render(PreparedClaim(CLAIM.claim, (device,))))

    assert spec["devices"][0]["containerEdits"] == {
        "env": ["NIC_DEVICE_0=nic0", "MTU=9000"],
        "mounts": [
            {
                "hostPath": "/root/lib.so.1",
                "containerPath": "/usr/lib/lib.so.1",
                "options": ["ro", "nosuid", "nodev", "bind"],
            }
        ],
        "hooks": [
            {
                "hookName": "createRuntime",
                "path": "/plugins/move-interface",
                "args": ["move-interface", "rdma0", "net1"],
                "timeout": 15,
            }
        ],
    }


def test_who_has_admin_access_does_not_get_the_interface(cdi: CdiFolder) -> None:
    moved = Edits("NIC_DEVICE_0", "nic0", interfaces=(Interface("rdma0", "net1"),))
    device = PreparedDevice("req", "pool", "dev-0", moved, admin_access=True)

    assert cdi.edits(device) == {"env": ["NIC_DEVICE_0=nic0"]}


def test_identifiers_name_the_devices_of_the_file(cdi: CdiFolder) -> None:
    spec = json.loads(cdi.render(CLAIM))

    assert cdi.identifiers(CLAIM, DEVICE) == [f"{spec['kind']}={spec['devices'][0]['name']}"]


def test_no_two_results_share_an_identifier(cdi: CdiFolder) -> None:
    twins = [
        DEVICE,
        PreparedDevice("other", "pool", "dev-0", edits(3, "UUID-0"), admin_access=True),
        PreparedDevice("req", "pool", "dev-1", edits(4, "UUID-1")),
        PreparedDevice("req", "pool", "dev-1", edits(4, "UUID-1"), share_id="s1"),
        PreparedDevice("req", "pool", "dev-1", edits(4, "UUID-1"), share_id="s2"),
    ]
    other = PreparedClaim(ClaimName("another-uid", "default", "claim"), (DEVICE,))
    names = [name for one in twins for name in cdi.identifiers(CLAIM, one)]
    names += cdi.identifiers(other, DEVICE)

    assert len(set(names)) == len(names) == 6


def test_files_are_for_everyone_to_read_and_replaced_whole(cdi: CdiFolder) -> None:
    cdi.write(CLAIM)
    path = cdi.path(UID)

    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_a_right_file_is_not_touched(cdi: CdiFolder) -> None:
    cdi.write(CLAIM)
    before = cdi.path(UID).stat()
    cdi.write(CLAIM)

    assert cdi.path(UID).stat() == before


@pytest.mark.parametrize("damage", [b"", b"{", b"[]"])
def test_a_damaged_file_is_made_right(cdi: CdiFolder, damage: bytes) -> None:
    cdi.write(CLAIM)
    cdi.path(UID).write_bytes(damage)
    cdi.write(CLAIM)

    assert cdi.path(UID).read_bytes() == cdi.render(CLAIM)


def test_a_claim_without_devices_has_no_file(cdi: CdiFolder) -> None:
    cdi.write(CLAIM)
    cdi.write(PreparedClaim(CLAIM.claim, ()))

    assert not cdi.path(UID).exists()


def test_removing_leaves_other_files(cdi: CdiFolder) -> None:
    other = PreparedClaim(ClaimName("another-uid", "default", "claim"), (DEVICE,))
    cdi.write(CLAIM)
    cdi.write(other)
    cdi.remove(UID)
    cdi.remove(UID)

    assert not cdi.path(UID).exists()
    assert cdi.path("another-uid").exists()


@pytest.mark.parametrize("uid", ["", "../x", "a/b", ".", "..", "-a", "a" * 200, "a\n", "a\0b"])
def test_what_is_not_a_uid_reaches_no_file(cdi: CdiFolder, uid: str, tmp_path: Path) -> None:
    precious = tmp_path / "x.json"
    precious.write_text("precious")
    cdi.remove(uid)

    assert precious.exists()
    with pytest.raises(ValueError, match="not a UID"):
        cdi.path(uid)


@pytest.mark.parametrize("value", ["a\nPATH=/tmp", "$(id)", "a;b", "é", "a=b"])
def test_a_value_that_could_be_more_than_a_value_is_refused(cdi: CdiFolder, value: str) -> None:
    device = PreparedDevice("req", "pool", "d", edits(3, "U"), settings={"SHARING": value})

    with pytest.raises(ValueError, match="environment variable"):
        cdi.write(PreparedClaim(CLAIM.claim, (device,)))

    assert not cdi.path(UID).exists()


def test_what_is_prepared_can_be_taken_over_from_whole_files(cdi: CdiFolder) -> None:
    cdi.write(CLAIM)
    cdi.write(PreparedClaim(ClaimName("broken", "default", "claim"), (DEVICE,)))
    broken = cdi.path("broken")
    broken.write_text(broken.read_text().replace("UUID-0", "UUID-1", 1))
    (broken.parent / "k8s.gpu.example.com-claim_x.json").write_text("[]")
    (broken.parent / "other-vendor.json").write_text("{}")

    assert cdi.take_over() == {UID: CLAIM}


def test_there_is_nothing_to_take_over_without_a_folder(cdi: CdiFolder) -> None:
    assert cdi.take_over() == {}

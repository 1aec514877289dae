"""The checkpoint: old or new content after any crash, and no trust in anything else."""

import json
import os
from pathlib import Path

import pytest

from drawplate.driver.checkpoint import VERSION, Checkpoint
from drawplate.driver.device import DeviceNode, Edits, Interface, Mount
from drawplate.driver.prepared import ClaimName, PreparedClaim, PreparedDevice
from drawplate.driver.replacing import replace_file
from drawplate.emulators.problems import SetupProblem

RECORD = PreparedClaim(
    ClaimName("uid-1", "default", "claim"),
    (
        PreparedDevice("req/sub", "pool", "dev-0", Edits("DEVICE_0", "UUID-0")),
        PreparedDevice(
            request="other",
            pool="pool",
            device="dev-1",
            edits=Edits(
                "DEVICE_1",
                "UUID-1",
                {"MORE": "x"},
                (DeviceNode("/dev/x1", 195, 1),),
                (Mount("/a", "/b"),),
                (Interface("eth1", "net1"),),
            ),
            admin_access=True,
            share_id="share",
            settings={"SHARING": "x"},
        ),
    ),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "checkpoint.json"


def test_what_was_saved_is_loaded(file: Path) -> None:
    Checkpoint(file).save({"uid-1": RECORD})

    assert Checkpoint(file).load() == {"uid-1": RECORD}


def test_no_file_is_told_apart_from_no_records(file: Path) -> None:
    assert Checkpoint(file).load() is None
    Checkpoint(file).save({})

    assert Checkpoint(file).load() == {}


def test_the_file_is_for_its_owner_only(file: Path) -> None:
    Checkpoint(file).save({})

    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "garbage", "[]", "{}", '{"version": "1"}'])
def test_a_damaged_file_is_refused(file: Path, content: str) -> None:
    Checkpoint(file).save({})
    file.write_text(content)

    with pytest.raises(SetupProblem, match="damaged") as caught:
        Checkpoint(file).load()

    assert caught.value.where == str(file)
    assert caught.value.cure


def test_every_truncation_is_noticed(file: Path) -> None:
    Checkpoint(file).save({"uid-1": RECORD})
    whole = file.read_bytes()

    for size in range(0, len(whole), 7):
        file.write_bytes(whole[:size])
        with pytest.raises(SetupProblem, match="damaged"):
            Checkpoint(file).load()


def test_an_edited_record_is_noticed(file: Path) -> None:
    Checkpoint(file).save({"uid-1": RECORD})
    file.write_text(file.read_text().replace("dev-0", "dev-7"))

    with pytest.raises(SetupProblem, match="checksum"):
        Checkpoint(file).load()


def test_a_newer_version_is_refused_and_left_alone(file: Path) -> None:
    Checkpoint(file).save({})
    document = json.loads(file.read_text()) | {"version": VERSION + 1}
    file.write_text(json.dumps(document))

    with pytest.raises(SetupProblem, match=f"version {VERSION + 1}"):
        Checkpoint(file).load()

    assert json.loads(file.read_text()) == document


@pytest.mark.parametrize("step", ["write", "fsync", "rename"])
def test_a_crash_in_any_step_leaves_the_old_content(
    file: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    checkpoint = Checkpoint(file)
    checkpoint.save({"uid-1": RECORD})
    _break(monkeypatch, step, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save({})
    monkeypatch.undo()

    assert checkpoint.load() == {"uid-1": RECORD}
    checkpoint.save({})
    assert list(file.parent.iterdir()) == [file]


def test_a_full_disk_leaves_the_old_content_and_nothing_else(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Checkpoint(file).save({"uid-1": RECORD})
    _break(monkeypatch, "fsync", OSError(28, "No space left on device"))
    with pytest.raises(OSError, match="No space"):
        Checkpoint(file).save({})

    assert list(file.parent.iterdir()) == [file]
    assert Checkpoint(file).load() == {"uid-1": RECORD}


def test_a_leftover_link_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".file.tmp").symlink_to(victim)
    replace_file(tmp_path / "file", b"new", 0o600, durable=True)

    assert victim.read_text() == "precious"
    assert (tmp_path / "file").read_bytes() == b"new"
    assert not (tmp_path / "file").is_symlink()


def _break(monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException) -> None:
    def fail(*_: object) -> None:
        raise error

    if step == "rename":
        monkeypatch.setattr(Path, "rename", fail)
    else:
        monkeypatch.setattr(os, "fsync" if step == "fsync" else "fdopen", fail)

"""A whole /dev: the machine's nodes and ours, following what comes and goes."""

import os
import stat
from pathlib import Path

import pytest

from drawplate.emulators.delivery.nodes import WholeDev, make_dev, remove_dev
from drawplate.emulators.state.change import Changes

NOTHING: Changes = Changes(1, "", False, {}, (), (), (), (), (), False)  # noqa: FBT003 - its order


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give a folder with a device node and a link."""
    folder = tmp_path / "source"
    (folder / "sub").mkdir(parents=True)
    os.mknod(folder / "sub/made-up0", stat.S_IFCHR | 0o640, os.makedev(195, 7))
    (folder / "link").symlink_to("sub/made-up0")
    return folder


@pytest.mark.root
def test_nodes_are_copied_with_numbers_and_mode(tmp_path: Path, source: Path) -> None:
    target = tmp_path / "dev"
    target.mkdir()
    WholeDev(source, target, tmp_path / "record").start(None)  # type: ignore[arg-type] # unused

    status = (target / "sub/made-up0").lstat()

    assert stat.S_ISCHR(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == 0o640
    assert status.st_rdev == os.makedev(195, 7)
    assert (target / "link").readlink() == Path("sub/made-up0")


@pytest.mark.root
def test_what_is_gone_goes_and_what_is_not_ours_stays(tmp_path: Path, source: Path) -> None:
    target, record = tmp_path / "dev", tmp_path / "record"
    target.mkdir()
    (target / "own").touch()
    WholeDev(source, target, record).start(None)  # type: ignore[arg-type] # unused
    (source / "sub/made-up0").unlink()

    # Another one, as after a kill: it knows from the record what is not the machine's.
    after = WholeDev(source, target, record)
    after.apply(NOTHING)

    assert sorted(each.name for each in target.iterdir()) == ["link", "own"]
    after.stop()
    assert sorted(each.name for each in target.iterdir()) == ["own"]


@pytest.mark.root
def test_a_node_that_changes_its_numbers_is_replaced(tmp_path: Path, source: Path) -> None:
    target = tmp_path / "dev"
    target.mkdir()
    whole = WholeDev(source, target, tmp_path / "record")
    whole.start(None)  # type: ignore[arg-type] # unused
    (source / "sub/made-up0").unlink()
    os.mknod(source / "sub/made-up0", stat.S_IFCHR | 0o640, os.makedev(1, 3))

    whole.apply(NOTHING)

    assert (target / "sub/made-up0").lstat().st_rdev == os.makedev(1, 3)


@pytest.mark.root
def test_a_made_dev_shows_the_machines_and_keeps_what_is_made_in_it(tmp_path: Path) -> None:
    dev = tmp_path / "dev"
    make_dev(dev)
    try:
        os.mknod(dev / "made-up", stat.S_IFCHR | 0o600, os.makedev(1, 3))
        with (dev / "made-up").open("rb") as null:
            assert null.read() == b""
        assert (dev / "null").is_char_device()
        assert not Path("/dev/made-up").exists()
    finally:
        remove_dev(dev)
    assert not dev.exists()

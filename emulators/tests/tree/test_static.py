"""Trees as plain files, for machines without FUSE."""

from collections.abc import Callable
from pathlib import Path

import pytest

from drawplate.emulators.state.model import State
from drawplate.emulators.tree import sysfs
from drawplate.emulators.tree.model import Tree
from drawplate.emulators.tree.static import Files
from drawplate.emulators.tree.surface import StaticSurface


@pytest.fixture
def tree() -> Tree:
    tree = Tree()
    tree.file("/devices/a/vendor", "0x10de\n")
    tree.link("/bus/pci/devices/a", "/devices/a")
    return tree


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_files_and_links_are_written(tree: Tree, files: Files, tmp_path: Path) -> None:
    files.write(tree)

    assert (tmp_path / "bus/pci/devices/a/vendor").read_text() == "0x10de\n"
    assert (tmp_path / "devices/a/vendor").stat().st_mode & 0o777 == 0o444


def test_what_the_tree_lost_is_removed(tree: Tree, files: Files, tmp_path: Path) -> None:
    files.write(tree)
    other = Tree()
    other.file("/bus/pci/devices/a", "now a file\n")

    files.write(other)

    assert (tmp_path / "bus/pci/devices/a").read_text() == "now a file\n"
    assert not (tmp_path / "devices").exists()


def test_a_file_that_stays_the_same_is_not_touched(
    tree: Tree, files: Files, tmp_path: Path
) -> None:
    files.write(tree)
    before = (tmp_path / "devices/a/vendor").stat()

    files.write(tree)

    after = (tmp_path / "devices/a/vendor").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_readers_see_whole_files_only(tree: Tree, files: Files, tmp_path: Path) -> None:
    files.write(tree)
    with (tmp_path / "devices/a/vendor").open() as file:
        tree.file("/devices/a/vendor", "0x8086\n")
        files.write(tree)
        assert file.read() == "0x10de\n"

    assert (tmp_path / "devices/a/vendor").read_text() == "0x8086\n"


def test_the_surface_follows_changes(states: Callable[[str], State], tmp_path: Path) -> None:
    state = states("edge-l4")
    surface = StaticSurface("sysfs", sysfs.CONTRIBUTIONS, tmp_path / "sys")
    state.add_surface(surface)
    try:
        device = tmp_path / "sys/bus/pci/devices/0000:01:00.0"
        assert (device / "vendor").read_text() == "0x10de\n"

        with state.change() as change:
            change.set("gpu0", "link.width", 4)
        assert state.wait(state.generation, timeout=60)
        assert (device / "current_link_width").read_text() == "4\n"

        with state.change() as change:
            change.unplug("gpu0")
        assert state.wait(state.generation, timeout=60)
        assert not device.exists()
    finally:
        state.remove_surface(surface)

    assert list((tmp_path / "sys").iterdir()) == []

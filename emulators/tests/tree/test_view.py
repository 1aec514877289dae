"""A tree over a lower folder: what shows, what hides, what is merged."""

import errno
from pathlib import Path

import pytest

from drawplate.emulators.tree.model import File, Link, Tree
from drawplate.emulators.tree.view import Below, Merged, View


@pytest.fixture
def lower(tmp_path: Path) -> Path:
    (tmp_path / "bus/pci/devices").mkdir(parents=True)
    (tmp_path / "bus/pci/devices/real").write_text("real\n")
    (tmp_path / "devices/virtual/net/eth0").mkdir(parents=True)
    (tmp_path / "devices/virtual/net/eth0/mtu").write_text("1500\n")
    (tmp_path / "class/net").mkdir(parents=True)
    (tmp_path / "class/net/eth0").symlink_to("../../devices/virtual/net/eth0")
    return tmp_path


@pytest.fixture
def tree() -> Tree:
    tree = Tree()
    tree.file("/bus/pci/devices/ours", "ours\n")
    return tree


def test_folders_show_what_both_trees_have(tree: Tree, lower: Path) -> None:
    assert set(View(tree, lower).names("/bus/pci/devices")) == {"ours", "real"}


def test_a_path_of_the_lower_tree_alone_comes_from_there(tree: Tree, lower: Path) -> None:
    assert View(tree, lower).find("/class/net/eth0") == Below("./class/net/eth0")


def test_without_a_lower_tree_only_the_tree_shows(tree: Tree) -> None:
    view = View(tree)

    assert set(view.names("/bus/pci/devices")) == {"ours"}
    assert view.find("/class") is None


def test_the_tree_wins_over_the_lower_one(tree: Tree, lower: Path) -> None:
    tree.file("/bus/pci/devices/real", "ours too\n")

    found = View(tree, lower).find("/bus/pci/devices/real")

    assert isinstance(found, File)
    assert found.read() == b"ours too\n"


def test_a_closed_folder_shows_nothing_of_the_lower_tree(tree: Tree, lower: Path) -> None:
    tree.folder("/bus/pci/devices", closed=True)
    view = View(tree, lower)

    assert set(view.names("/bus/pci/devices")) == {"ours"}
    assert view.find("/bus/pci/devices/real") is None


def test_a_hidden_name_is_in_no_listing_and_nowhere(tree: Tree, lower: Path) -> None:
    tree.hide("/devices/virtual/net/eth0")
    view = View(tree, lower)

    assert view.find("/devices/virtual/net/eth0") is None
    assert view.find("/devices/virtual/net/eth0/mtu") is None
    assert view.names("/devices/virtual/net") == {}


def test_a_folder_can_take_its_files_from_another_place(tree: Tree, lower: Path) -> None:
    tree.folder("/devices/pci/net/eth0", lower="/devices/virtual/net/eth0")
    tree.file("/devices/pci/net/eth0/speed", "400000\n")
    view = View(tree, lower)

    assert set(view.names("/devices/pci/net/eth0")) == {"mtu", "speed"}
    found = view.find("/devices/pci/net/eth0/mtu")
    assert isinstance(found, Below)
    assert found.ours
    assert view.stat_below(found).st_size == 5


def test_a_conditional_path_goes_with_what_it_stands_for(tree: Tree, lower: Path) -> None:
    tree.link("/class/net/eth0", "/devices/pci/net/eth0")
    tree.folder("/devices/pci/net/eth0")
    for path in ("/class/net/eth0", "/devices/pci/net/eth0"):
        tree.only_with(path, "/class/net/eth0")
    view = View(tree, lower)
    assert view.find("/class/net/eth0") == Link("../../devices/pci/net/eth0")
    assert set(view.names("/devices/pci/net")) == {"eth0"}

    (lower / "class/net/eth0").unlink()

    assert view.find("/class/net/eth0") == Below("./class/net/eth0")
    assert view.names("/devices/pci/net") == {}


def test_a_lower_tree_that_is_mounted_over_later_still_shows(tree: Tree, lower: Path) -> None:
    view = View(tree, lower)
    lower.rename(lower.with_name("moved"))

    assert "real" in view.names("/bus/pci/devices")


def test_listing_what_is_no_folder_says_so(tree: Tree) -> None:
    with pytest.raises(NotADirectoryError) as refused:
        View(tree).names("/bus/pci/devices/ours")

    assert refused.value.errno == errno.ENOTDIR


def test_links_are_relative_to_their_folder() -> None:
    tree = Tree()
    tree.link("/bus/pci/devices/0000:1b:00.0", "/devices/pci0000:17/0000:1b:00.0")

    assert tree.find("/bus/pci/devices/0000:1b:00.0") == Link(
        "../../../devices/pci0000:17/0000:1b:00.0"
    )


def test_a_path_has_the_names_of_the_links_that_lead_to_it() -> None:
    tree = Tree()
    tree.link("/bus/pci/devices/a", "/devices/pci/a")

    assert tree.names_of("/devices/pci/a/config") == [
        "/devices/pci/a/config",
        "/bus/pci/devices/a/config",
    ]


def test_what_is_below_a_device_is_its_own() -> None:
    tree = Tree()
    tree.belongs("/devices/pci/a", "gpu0")

    assert tree.owner("/devices/pci/a/net/x/mtu") == "gpu0"
    assert tree.owner("/devices/pci/b") is None


def test_the_root_is_a_folder(tree: Tree) -> None:
    assert isinstance(View(tree).find("/"), Merged)

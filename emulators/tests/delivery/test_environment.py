"""The variables by which programs find a node."""

import shutil
from pathlib import Path

from drawplate.emulators.delivery.environment import environment, triplet

FOLDER = Path("/run/x")


def test_everyone_gets_the_control_socket() -> None:
    assert environment(FOLDER, {}, placed=True)["DRAWPLATE_HW"] == "/run/x/control.sock"


def test_search_paths_have_the_nodes_and_keep_what_was() -> None:
    found = environment(FOLDER, {"PATH": "/bin", "HOME": "/h"}, placed=True)

    assert found["PATH"].split(":")[:2] == ["/bin", "/run/x/root/usr/bin"]
    unplaced = environment(FOLDER, {"PATH": "/bin"}, placed=False)
    assert unplaced["PATH"].split(":")[:2] == ["/run/x/root/usr/bin", "/bin"]
    assert found["LD_LIBRARY_PATH"] == f"/run/x/root/usr/lib/{triplet()}"
    assert found["HOME"] == "/h"


def test_drawplate_is_found_on_the_node_behind_everything_else() -> None:
    path = environment(FOLDER, {"PATH": "/bin"}, placed=True)["PATH"]

    assert shutil.which("drawplate", path=path)
    again = environment(FOLDER, {"PATH": path}, placed=True)["PATH"].split(":")
    assert again.count(path.split(":")[-1]) == 1


def test_where_nothing_is_in_place_drivers_are_told_where_it_is() -> None:
    placed = environment(FOLDER, {}, placed=True)
    unplaced = environment(FOLDER, {}, placed=False)

    assert "SYSFS_ROOT" not in placed
    assert unplaced["SYSFS_ROOT"] == "/run/x/root/sys"
    assert unplaced["DEVFS_ROOT"] == "/run/x/root/dev"
    assert unplaced["NVIDIA_DRIVER_ROOT"] == "/run/x/root"
    assert unplaced["ALT_PROC_DEVICES_PATH"] == "/run/x/root/proc/devices"

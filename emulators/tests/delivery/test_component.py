"""The hardware of a whole node: in place, out of the kubelet's way, gone with its process, back."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.root]

HARDWARE = ("sys", "proc", "dev", "tool")
Seen = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    """Give what a node saw in one drill."""
    with tempfile.TemporaryDirectory(prefix="dp-") as folder:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "drawplate.emulators.tests.delivery.drill", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout)


def test_hardware_is_in_place_beside_the_nodes_own(seen: Seen) -> None:
    before, shown = seen["before"], seen["shown"]

    assert [before[each] for each in HARDWARE] == [False] * len(HARDWARE)
    assert [shown[each] for each in HARDWARE] == [True] * len(HARDWARE)
    assert [shown[each] for each in ("net", "null")] == [True, True]
    assert shown["groups"] == before["groups"]


def test_one_process_can_have_the_kernels_own_sys(seen: Seen) -> None:
    assert seen["uncovered"]["printed"].split() == ["False", str(seen["before"]["groups"])]
    assert seen["after another uncovered it"] == seen["shown"]


def test_with_the_process_what_it_must_answer_for_goes(seen: Seen) -> None:
    killed = seen["killed"]

    assert [killed[each] for each in ("sys", "proc")] == [False, False]
    assert killed["net"], "the kernel's own /sys is seen again"
    assert [killed[each] for each in ("dev", "tool")] == [True, True], "these need no process"


def test_a_new_start_shows_the_same_again(seen: Seen) -> None:
    assert seen["again"] == seen["shown"]


def test_an_end_in_order_leaves_no_mount_and_no_node(seen: Seen) -> None:
    assert seen["status"]["status"] == 0
    assert seen["ended"] == seen["before"]


def test_the_machines_own_folders_got_nothing(seen: Seen) -> None:
    assert seen
    assert not Path("/etc/made-up").exists()
    assert not Path("/dev/nvidia0").exists()

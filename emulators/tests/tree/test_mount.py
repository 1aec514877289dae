"""The FUSE mount: what system calls on it do is what they do on the kernel's sysfs."""

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import CallRule
from drawplate.emulators.tree.model import Tree
from drawplate.emulators.tree.mount import clear

pytestmark = pytest.mark.root


@pytest.fixture
def mounted(show: Callable[..., Any], fixed: Callable[..., Any]) -> Callable[..., Any]:
    def make(fill: Callable[[Tree], None], **options: Any) -> Any:
        return show(contributions=(fixed(fill),), **options)

    return make


def code(call: Callable[[], object]) -> int:
    try:
        call()
    except OSError as error:
        return error.errno or 0
    return 0


def attempt(path: Path) -> object:
    try:
        return path.read_text()
    except OSError as error:
        return error.errno


def test_a_file_is_shown_once_per_open(mounted: Callable[..., Any]) -> None:
    shown: list[int] = []

    def count() -> str:
        shown.append(1)
        return f"{len(shown):>4000}\n"

    where = mounted(lambda tree: tree.file("/count", count)).where

    with (where / "count").open("rb", buffering=0) as file:
        text = b"".join(iter(lambda: file.read(100), b""))

    assert text == f"{1:>4000}\n".encode()


def test_reading_again_from_the_start_shows_the_new_value(mounted: Callable[..., Any]) -> None:
    values = iter("abc")
    where = mounted(lambda tree: tree.file("/letter", lambda: next(values))).where

    with (where / "letter").open("rb", buffering=0) as file:
        first = file.read()
        file.seek(0)
        second = file.read()

    assert (first, second) == (b"a", b"b")


def test_every_write_is_one_store_of_at_most_a_page(mounted: Callable[..., Any]) -> None:
    stored: list[str] = []
    where = mounted(lambda tree: tree.file("/value", "", write=stored.append)).where

    number = os.open(where / "value", os.O_WRONLY | os.O_TRUNC | os.O_APPEND)
    try:
        assert os.write(number, b"1\n") == 2
        assert os.write(number, b"two\0") == 4
        assert os.write(number, b"x" * 5000) == 4096
    finally:
        os.close(number)

    assert stored == ["1\n", "two\0", "x" * 4096]


def test_a_refusal_is_the_errno_of_its_reason(mounted: Callable[..., Any]) -> None:
    def refuse(_: str) -> None:
        raise Refused(Reason.IN_USE)

    def gone() -> str:
        raise Refused(Reason.LOST)

    where = mounted(
        lambda tree: (tree.file("/busy", "", write=refuse), tree.file("/gone", gone))
    ).where

    assert code(lambda: (where / "busy").write_text("1")) == errno.EBUSY
    assert code((where / "gone").read_bytes) == errno.ENODEV


def test_root_too_is_refused_what_the_mode_does_not_allow(mounted: Callable[..., Any]) -> None:
    def fill(tree: Tree) -> None:
        tree.file("/constant", "1\n")
        tree.file("/trigger", "", write=lambda _: None, mode=0o200)

    where = mounted(fill).where

    assert code(lambda: (where / "constant").write_text("2")) == errno.EACCES
    assert code((where / "trigger").read_bytes) == errno.EACCES


def test_nothing_can_be_made_or_removed(mounted: Callable[..., Any]) -> None:
    where = mounted(lambda tree: tree.file("/a", "1\n")).where

    assert code(lambda: (where / "new").write_text("1")) == errno.EACCES
    assert code((where / "folder").mkdir) == errno.EPERM
    assert code((where / "a").unlink) == errno.EPERM
    assert code(lambda: (where / "a").rename(where / "b")) == errno.EPERM


def test_a_file_says_a_page_and_a_binary_one_its_size(mounted: Callable[..., Any]) -> None:
    def fill(tree: Tree) -> None:
        tree.file("/a", "1\n")
        tree.binary("/config", bytes(range(256)), size=256)

    where = mounted(fill).where

    assert (where / "a").stat().st_size == 4096
    assert (where / "config").stat().st_size == 256
    number = os.open(where / "config", os.O_RDONLY)
    try:
        assert os.pread(number, 2, 0x10) == b"\x10\x11"
    finally:
        os.close(number)


def test_a_device_node_has_its_numbers(mounted: Callable[..., Any]) -> None:
    where = mounted(lambda tree: tree.device("/null", 1, 3)).where

    assert (where / "null").is_char_device()
    assert (where / "null").read_bytes() == b""


def test_the_lower_tree_is_read_through_and_not_written(
    mounted: Callable[..., Any], tmp_path: Path
) -> None:
    lower = tmp_path / "lower"
    (lower / "net").mkdir(parents=True)
    (lower / "kept").write_text("kept\n")
    (lower / "net/mtu").write_text("1500\n")

    def fill(tree: Tree) -> None:
        tree.folder("/ours", lower="/net")

    where = mounted(fill, lower=lower).where

    assert (where / "kept").read_text() == "kept\n"
    assert code(lambda: (where / "kept").write_text("x")) == errno.EROFS
    (where / "ours/mtu").write_text("9000")
    assert (lower / "net/mtu").read_text() == "9000\n"[:4] + "\n"


def test_a_contribution_with_a_mistake_is_an_input_output_error(
    mounted: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    where = mounted(lambda tree: tree.file("/broken", lambda: str(1 // 0))).where

    assert code((where / "broken").read_bytes) == errno.EIO
    assert "/broken" in caplog.text


def test_an_open_file_of_a_device_that_went_says_so(show: Callable[..., Any]) -> None:
    emulated = show("edge-l4")
    path = emulated.where / "bus/pci/devices/0000:01:00.0/vendor"

    with path.open("rb", buffering=0) as file:
        assert file.read() == b"0x10de\n"
        with emulated.state.change() as change:
            change.unplug("gpu0")
        file.seek(0)
        assert code(file.read) == errno.ENODEV
    assert not path.exists()


def test_rules_answer_in_place_of_the_truth(show: Callable[..., Any]) -> None:
    emulated = show("edge-l4")
    folder = emulated.where / "bus/pci/devices/0000:01:00.0"
    rules = {"numa_node": "EIO", "class": "garbage", "vendor": "truncated", "irq": "ENOENT"}
    with emulated.state.change() as change:
        for name, result in rules.items():
            pattern = f"bus/pci/devices/0000:01:00.0/{name}"
            change.add_rule(CallRule("fault", "sysfs", pattern, result=result))

    assert code((folder / "numa_node").read_bytes) == errno.EIO
    assert (folder / "class").read_bytes() != b"0x030200\n"
    assert (folder / "vendor").read_bytes() == b"0x1"
    assert not (folder / "irq").exists()
    assert "irq" in {one.name for one in folder.iterdir()}

    with emulated.state.change() as change:
        change.remove_rules("fault")
    assert (folder / "numa_node").read_text() == "0\n"
    assert (folder / "irq").exists()


def test_a_rule_can_be_for_writes_only(show: Callable[..., Any]) -> None:
    emulated = show("nic-2xcx7")
    path = emulated.where / "bus/pci/devices/0000:1b:00.0/sriov_numvfs"
    with emulated.state.change() as change:
        change.add_rule(CallRule("f", "sysfs", "write:*/sriov_numvfs", result="EIO"))

    assert path.read_text() == "4\n"
    assert code(lambda: path.write_text("0")) == errno.EIO


def test_a_rule_can_begin_later_and_end(show: Callable[..., Any]) -> None:
    emulated = show("edge-l4")
    path = emulated.where / "bus/pci/devices/0000:01:00.0/vendor"
    with emulated.state.change() as change:
        change.add_rule(
            CallRule("fault", "sysfs", "*/vendor", device="gpu0", result="EIO", after=1, count=2)
        )

    seen = []
    for _ in range(4):
        try:
            seen.append(path.read_text())
        except OSError as error:
            seen.append(errno.errorcode[error.errno or 0])

    assert seen == ["0x10de\n", "EIO", "EIO", "0x10de\n"]


def test_a_read_that_somebody_waits_for_is_told(show: Callable[..., Any]) -> None:
    emulated = show("edge-l4")
    path = emulated.where / "bus/pci/devices/0000:01:00.0/vendor"
    with emulated.state.change() as change:
        change.add_rule(CallRule("f7", "sysfs", "*/vendor", device="gpu0", after=1, count=1))

    before = len(emulated.state.events)
    assert path.read_text() == "0x10de\n"
    assert len(emulated.state.events) == before
    assert path.read_text() == "0x10de\n"
    assert [event.data["owner"] for event in emulated.state.events] == ["f7"]


def test_a_rule_of_one_device_leaves_the_others_alone(show: Callable[..., Any]) -> None:
    emulated = show("dgx-h100")
    with emulated.state.change() as change:
        change.add_rule(CallRule("f", "sysfs", "*/vendor", device="gpu1", result="EIO"))

    devices = emulated.where / "bus/pci/devices"
    assert (devices / "0000:1b:00.0/vendor").read_text() == "0x10de\n"
    assert code((devices / "0000:1c:00.0/vendor").read_bytes) == errno.EIO


def test_a_delayed_read_can_be_killed_and_does_not_hold_others(show: Callable[..., Any]) -> None:
    emulated = show("edge-l4")
    folder = emulated.where / "bus/pci/devices/0000:01:00.0"
    with emulated.state.change() as change:
        change.add_rule(CallRule("slow", "sysfs", "*/vendor", delay_ms=3_600_000))

    reader = subprocess.Popen(["cat", folder / "vendor"])
    try:
        assert (folder / "device").read_text() == "0x27b8\n"
    finally:
        reader.kill()
        reader.wait()


def test_writers_and_readers_do_not_wait_for_each_other(show: Callable[..., Any]) -> None:
    emulated = show("edge-l4")
    folder = emulated.where / "bus/pci/devices/0000:01:00.0"

    with emulated.state.lock:
        # The state is locked by somebody; whoever reads gets an answer all the same.
        found: list[str] = []
        reader = threading.Thread(target=lambda: found.append((folder / "numa_node").read_text()))
        reader.start()
        reader.join()

    assert found == ["0\n"]


def test_many_readers_see_whole_devices_while_they_come_and_go(show: Callable[..., Any]) -> None:
    emulated = show("dgx-h100")
    devices, state = emulated.where / "bus/pci/devices", emulated.state
    ending = threading.Event()
    moving: set[object] = set()
    staying: set[object] = set()

    def read() -> None:
        while not ending.is_set():
            moving.add(attempt(devices / "0000:1b:00.0/vendor"))
            staying.add(attempt(devices / "0000:bc:00.0/vendor"))

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(20):
            with state.change() as change:
                change.unplug("gpu0")
            with state.change() as change:
                change.plug("gpu0")
    finally:
        ending.set()
        for reader in readers:
            reader.join()

    assert moving <= {"0x10de\n", errno.ENOENT, errno.ENODEV}
    assert staying == {"0x10de\n"}


# Newer Pythons warn of any fork with threads, which is what this is about.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_lets_the_connection_go(show: Callable[..., Any]) -> None:
    show("edge-l4")
    child = os.fork()
    if child == 0:
        held = [link for link in Path("/proc/self/fd").iterdir() if _leads_to_fuse(link)]
        os._exit(len(held))

    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0


def _leads_to_fuse(link: Path) -> bool:
    try:
        return str(link.readlink()) == "/dev/fuse"
    except OSError:
        return False


def test_writing_an_action_to_uevent_asks_for_a_message(show: Callable[..., Any]) -> None:
    emulated = show("edge-l4")
    path = emulated.where / "bus/pci/devices/0000:01:00.0/uevent"

    path.write_text("add")

    assert [event.data["action"] for event in emulated.state.events] == ["add"]
    assert emulated.state.events[0].data["path"].endswith("/0000:01:00.0")
    assert code(lambda: path.write_text("explode")) == errno.EINVAL


def test_virtual_functions_come_by_writing_their_number(show: Callable[..., Any]) -> None:
    emulated = show("nic-2xcx7")
    card = emulated.where / "bus/pci/devices/0000:1b:00.0"
    total = int((card / "sriov_totalvfs").read_text())

    (card / "sriov_numvfs").write_text("0\n")
    assert not (card / "virtfn0").exists()
    (card / "sriov_numvfs").write_text("2\n")

    assert (card / "virtfn1/physfn").samefile(card)
    assert (card / "virtfn1/iommu_group").readlink() != (card / "iommu_group").readlink()
    assert code(lambda: (card / "sriov_numvfs").write_text("3")) == errno.EBUSY
    assert code(lambda: (card / "sriov_numvfs").write_text(f"{total + 1}")) == errno.ERANGE
    assert code(lambda: (card / "sriov_numvfs").write_text("many")) == errno.EINVAL


def test_the_working_folder_of_the_process_stays(show: Callable[..., Any]) -> None:
    before = Path.cwd()
    show("edge-l4")

    assert Path.cwd() == before


def test_sigterm_still_ends_the_process_that_has_a_mount(show: Callable[..., Any]) -> None:
    show("edge-l4")

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


_DIES = """
import os, signal, sys, threading
from pathlib import Path
from drawplate.emulators.tree.model import PAGE, Tree
from drawplate.emulators.tree.filesystem import FileSystem
from drawplate.emulators.tree.mount import Mount
from drawplate.emulators.tree.rules import CallRules
from drawplate.emulators.tree.view import View

class State:
    call_rules = ()

where = Path(sys.argv[1])
Mount(where, FileSystem(View(Tree()), CallRules(State(), "sysfs")), "drawplate-dies").start()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_leaves_is_taken_away(tmp_path: Path) -> None:
    where = tmp_path / "left"
    ended = subprocess.run([sys.executable, "-c", _DIES, where], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert code(where.stat) == errno.ENOTCONN

    clear(where)

    assert list(where.iterdir()) == []
    assert str(where) not in Path("/proc/mounts").read_text()


def test_stopping_leaves_no_mount_behind(show: Callable[..., Any]) -> None:
    emulated = show("edge-l4")
    kept = os.open(emulated.where / "bus/pci/devices/0000:01:00.0/vendor", os.O_RDONLY)

    emulated.state.remove_surface(emulated.surface)

    assert str(emulated.where) not in Path("/proc/mounts").read_text()
    assert code(lambda: os.read(kept, 1)) == errno.ENOTCONN
    # The kernel tells of the dead mount once more, and closes all the same.
    assert code(lambda: os.close(kept)) == errno.ENOTCONN

"""Where files of a node go: beside the machine's own, which stay what they are."""

import subprocess
import sys
from pathlib import Path

import pytest

from drawplate.emulators.delivery.view import additions


def test_files_go_to_the_deepest_folder_that_the_machine_has(tmp_path: Path) -> None:
    for file in ("usr/bin/tool", "etc/made-up/deep/file", "sys/x", "dev/y", "proc/z"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()

    found = {(str(each.to), each.files) for each in additions(tmp_path)}

    assert found == {("/usr/bin", tmp_path / "usr/bin"), ("/etc", tmp_path / "etc")}


def test_a_folder_within_another_one_is_not_named_twice(tmp_path: Path) -> None:
    for file in ("usr/made-up", "usr/bin/tool"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()

    assert [str(each.to) for each in additions(tmp_path)] == ["/usr"]


ARRANGE = """
import sys
from pathlib import Path
from drawplate.emulators.delivery.mounting import NEW_MOUNTS, unshare
from drawplate.emulators.delivery.view import arrange, isolate
unshare(NEW_MOUNTS)
isolate()
for missing in arrange(Path(sys.argv[1])):
    print("missing", missing.path)
"""


def arranged(folder: Path, script: str) -> str:
    program = f"{ARRANGE}\nimport os\nos.execvp('sh', ['sh', '-euc', {script!r}])"
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.root
def test_a_file_appears_and_the_machine_keeps_its_own(tmp_path: Path) -> None:
    tool = tmp_path / "root/usr/bin/made-up-tool"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\necho made up\n")
    tool.chmod(0o755)

    shown = arranged(tmp_path, "made-up-tool; ls /usr/bin/env; touch /usr/bin/x 2>&1 || echo no")

    assert shown.splitlines()[-1] == "no"
    assert "made up" in shown.splitlines()
    assert "/usr/bin/env" in shown
    assert not Path("/usr/bin/made-up-tool").exists()


@pytest.mark.root
def test_an_added_file_is_the_very_file_whose_pages_others_write(tmp_path: Path) -> None:
    library = tmp_path / "root/usr/lib/made-up.so"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"a" * 4096)
    script = (
        "import mmap, sys; f = open('/usr/lib/made-up.so', 'rb');"
        "m = mmap.mmap(f.fileno(), 4096, mmap.MAP_PRIVATE, mmap.PROT_READ);"
        f"g = open({str(library)!r}, 'r+b'); g.write(b'b'); g.flush(); print(m[:2])"
    )

    shown = arranged(tmp_path, f'{sys.executable} -c "{script}"')

    assert "b'ba'" in shown


@pytest.mark.root
def test_plain_files_of_sys_show_beside_the_machines(tmp_path: Path) -> None:
    made = tmp_path / "root/sys/class/made-up/x"
    made.parent.mkdir(parents=True)
    made.write_text("here\n")

    shown = arranged(tmp_path, "cat /sys/class/made-up/x; ls -d /sys/class/net; ls /sys/fs/cgroup")

    groups = sorted(each.name for each in Path("/sys/fs/cgroup").iterdir())
    assert shown.split()[-len(groups) :] == groups
    assert shown.startswith("missing /dev\nhere\n/sys/class/net\n")


@pytest.mark.root
def test_an_entry_of_proc_that_the_kernel_lacks_is_told(tmp_path: Path) -> None:
    for name in ("devices", "made-up"):
        (tmp_path / "root/proc").mkdir(parents=True, exist_ok=True)
        (tmp_path / "root/proc" / name).write_text("ours\n")

    shown = arranged(tmp_path, "cat /proc/devices")

    assert "missing /proc/made-up" in shown
    assert shown.endswith("ours\n")

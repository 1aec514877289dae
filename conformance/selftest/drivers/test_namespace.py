"""Replaced paths: what the driver sees, what the machine does not, and what is refused."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from drawplate.conformance.drivers.namespace import outside
from drawplate.conformance.drivers.process import DriverProcess
from drawplate.conformance.selftest.drivers.conftest import NAME, MakeDriver
from drawplate.emulators.problems import SetupProblem

AwaitLine = Callable[[DriverProcess, str], str]

WRITER = """
import pathlib, sys
for path in sys.argv[1:]:
    file = pathlib.Path(path, "written")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(path)
print("ready", flush=True)
import signal; signal.pause()
"""
# A folder that no machine has, in a folder that every machine has.
FOREIGN = "/var/lib/acme-driver-of-the-selftest"


@pytest.mark.root
def test_fixed_paths_lead_to_the_nodes_folders(
    driver_of: MakeDriver, await_line: AwaitLine
) -> None:
    mounts = {"/var/run/cdi": "cdiDir", "/var/lib/kubelet": "kubeletRoot"}
    driver = driver_of(WRITER, "/var/run/cdi", f"/var/lib/kubelet/plugins/{NAME}", mounts=mounts)
    driver.start()
    await_line(driver, "ready")

    assert (driver.place.cdi / "written").read_text(encoding="utf-8") == "/var/run/cdi"
    assert (driver.place.plugins / NAME / "written").exists()
    assert not Path("/var/run/cdi/written").exists()
    assert not Path("/var/lib/kubelet/plugins", NAME).exists()


@pytest.mark.root
def test_path_that_the_machine_lacks_is_provided_without_making_it(
    driver_of: MakeDriver, await_line: AwaitLine
) -> None:
    before = sorted(entry.name for entry in Path("/var/lib").iterdir())
    script = WRITER.replace(
        "print(", "print('seen', *sorted(__import__('os').listdir('/var/lib')));print("
    )
    driver = driver_of(script, FOREIGN, mounts={FOREIGN: "scratch"})
    driver.start()
    await_line(driver, "ready")

    assert (driver.place.scratch / "written").exists()
    assert sorted(entry.name for entry in Path("/var/lib").iterdir()) == before
    seen = await_line(driver, "seen ").split()
    assert seen == sorted([*before, Path(FOREIGN).name])


@pytest.mark.root
def test_links_and_files_beside_a_provided_path_stay_as_they_are(
    driver_of: MakeDriver, await_line: AwaitLine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    beside = tmp_path_factory.mktemp("beside")
    (beside / "file").write_text("kept", encoding="utf-8")
    (beside / "link").symlink_to("file")
    beside.chmod(0o751)
    fixed = beside / "fixed"
    script = (
        "import os, sys; folder = sys.argv[1]\n"
        "print('seen', open(folder + '/link').read(), os.readlink(folder + '/link'), "
        "oct(os.stat(folder).st_mode & 0o777), flush=True)\n"
        "import signal; signal.pause()"
    )
    driver = driver_of(script, str(beside), mounts={str(fixed): "stateDir"})
    driver.start()

    assert await_line(driver, "seen ") == "kept file 0o751"
    assert not fixed.exists()


@pytest.mark.root
def test_file_can_be_replaced(driver_of: MakeDriver, await_line: AwaitLine) -> None:
    script = (
        "print('read', open('/etc/hostname').read(), flush=True); import signal; signal.pause()"
    )
    driver = driver_of(script, mounts={"/etc/hostname": "hardwareRoot"})
    driver.place.hardware.parent.mkdir()
    driver.place.hardware.write_text("of-the-node", encoding="utf-8")
    driver.start()

    assert await_line(driver, "read ") == "of-the-node"


@pytest.mark.root
def test_folder_in_the_place_of_a_file_is_refused(driver_of: MakeDriver) -> None:
    driver = driver_of(WRITER, mounts={"/etc/hostname": "scratch"})

    with pytest.raises(SetupProblem, match="/etc/hostname cannot be replaced"):
        driver.start()


@pytest.mark.root
def test_path_whose_first_folder_is_missing_is_refused(driver_of: MakeDriver) -> None:
    driver = driver_of(WRITER, mounts={"/acme-driver-root/state": "scratch"})

    with pytest.raises(SetupProblem, match="cannot be provided"):
        driver.start()


@pytest.mark.root
def test_nothing_stays_mounted(driver_of: MakeDriver, await_line: AwaitLine) -> None:
    before = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    driver = driver_of(WRITER, mounts={FOREIGN: "scratch", "/var/run/cdi": "cdiDir"})
    driver.start()
    await_line(driver, "ready")

    during = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    driver.kill()

    assert during == before


@pytest.mark.root
def test_replacement_that_hides_the_nodes_folders_is_refused(
    driver_of: MakeDriver, tmp_path: Path
) -> None:
    with pytest.raises(SetupProblem, match="would hide"):
        driver_of(WRITER, mounts={str(tmp_path.parent): "scratch"})


def test_replacing_paths_without_root_is_refused(
    driver_of: MakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(SetupProblem, match="needs root") as caught:
        driver_of(WRITER, mounts={"/var/run/cdi": "cdiDir"})

    assert "instead of mounts" in caught.value.cure


def test_path_that_is_already_in_its_place_needs_no_root(
    driver_of: MakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    plain = driver_of(WRITER)

    same = driver_of(WRITER, mounts={str(plain.place.cdi): "cdiDir"})

    assert same.outside(str(plain.place.cdi / "a.json")) == plain.place.cdi / "a.json"


def test_paths_inside_are_found_outside() -> None:
    binds = [
        (Path("/node/kubelet"), Path("/var/lib/kubelet")),
        (Path("/node/own"), Path("/var/lib/kubelet/plugins/acme")),
    ]

    assert outside("/var/lib/kubelet/x.sock", binds) == Path("/node/kubelet/x.sock")
    assert outside("/var/lib/kubelet/plugins/acme/dra.sock", binds) == Path("/node/own/dra.sock")
    assert outside("/var/lib/kubelets", binds) == Path("/var/lib/kubelets")

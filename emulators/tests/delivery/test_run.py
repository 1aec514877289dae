"""`drawplate hw run`: what a command sees, and that nothing outlives it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from drawplate.emulators.tests.delivery.conftest import MACHINE, NAME, WITHOUT, Drawplate, command

pytestmark = pytest.mark.usefixtures("nothing_left")

NEW = ("run", "--machine", MACHINE, "--node", NAME, WITHOUT)


@pytest.mark.root
def test_a_command_sees_devices_where_real_ones_are(drawplate: Drawplate) -> None:
    script = """
        cat /sys/bus/pci/devices/0000:01:00.0/vendor
        stat -c %t:%T /dev/nvidia0
        test -c /dev/null && ls /proc/driver/nvidia/version
        ls /sys/fs/cgroup | wc -l
    """
    done = drawplate(*NEW, "--", "sh", "-euc", script)

    assert done.stderr == ""
    groups = str(len([*Path("/sys/fs/cgroup").iterdir()]))
    assert done.stdout.split() == ["0x10de", "c3:0", "/proc/driver/nvidia/version", groups]
    assert not Path("/dev/nvidia0").exists()


@pytest.mark.root
def test_a_node_on_a_node_shows_both(drawplate: Drawplate) -> None:
    inner = " ".join([*command(), *NEW])
    script = "ls -d /sys/bus/pci/devices/0000:01:00.0 /sys/class/kfd /sys/fs/cgroup"

    done = drawplate(
        *("run", "--machine", "mi300x", "--node", f"{NAME}-outer", WITHOUT),
        *("--", "sh", "-c", f"{inner} -- {script}"),
    )

    assert done.stdout.splitlines() == script.split()[2:]


@pytest.mark.root
def test_a_device_that_is_unplugged_goes_from_everywhere(drawplate: Drawplate) -> None:
    hw = " ".join(command())
    script = f"{hw} unplug gpu0; {hw} wait; ls /dev/nvidia0 /sys/bus/pci/devices/0000:01:00.0"

    done = drawplate(*NEW, "--", "sh", "-c", script)

    assert done.stderr.count("No such file") == 2


@pytest.mark.root
def test_the_exit_code_is_the_commands(drawplate: Drawplate) -> None:
    assert drawplate(*NEW, "--", "sh", "-c", "exit 7").returncode == 7
    assert drawplate(*NEW, "--", "no-such-command").returncode == 127


@pytest.mark.root
def test_what_a_command_leaves_running_ends_with_it(drawplate: Drawplate) -> None:
    # In a session of its own, as daemons are; its input tells its end.
    script = "mkfifo $0/pipe; setsid sh -c 'exec 3>$0/pipe; sleep 1000' $0 & cat $0/pipe & exec 4<$0/pipe"
    folder = os.environ.get("TMPDIR", "/tmp")
    pipe = Path(folder, f"dp-{os.getpid()}")
    pipe.mkdir()
    try:
        done = drawplate(*NEW, "--", "sh", "-c", script, str(pipe))
        assert done.returncode == 0
        assert _users_of(pipe / "pipe") == []
    finally:
        (pipe / "pipe").unlink()
        pipe.rmdir()


@pytest.mark.root
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_whatever_ends_the_command(
    number: signal.Signals, environment: dict[str, str]
) -> None:
    argv = [*command(), *NEW, "--", "sh", "-c", "echo $DRAWPLATE_HW; exec sleep 1000"]
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True) as ours:
        assert ours.stdout
        folder = Path(ours.stdout.readline().strip()).parent
        assert folder.is_dir()
        ours.send_signal(number)
        # The pipe's end is when the command and the guard, which have it too, are gone.
        ours.stdout.read()

    assert ours.returncode in {-number, 128 + number}
    assert not folder.exists()


@pytest.mark.root
def test_a_killed_hardware_process_is_told_and_the_command_goes_on(drawplate: Drawplate) -> None:
    script = """
        pid=$(sed -n 's/.*"pid": *\\([0-9]*\\).*/\\1/p' $(dirname $DRAWPLATE_HW)/hw.json)
        kill -9 $pid; sleep 0.5; echo still here
    """
    done = drawplate(*NEW, "--", "sh", "-c", script)

    assert done.stdout == "still here\n"
    assert "the hardware process ended with status -9" in done.stderr


@pytest.mark.root
def test_a_network_of_its_own_has_a_loopback_link_alone(drawplate: Drawplate) -> None:
    done = drawplate(
        *NEW, "--net", "--", "sh", "-c", "ls /sys/class/net; cat /sys/class/net/lo/flags"
    )

    assert done.stdout.split() == ["lo", "0x9"]


@pytest.mark.root
@pytest.mark.slow
def test_nvml_and_nvidia_smi_are_found_like_any_program(drawplate: Drawplate) -> None:
    script = """
        nvidia-smi -L
        env -u LD_LIBRARY_PATH "$0" -c 'import pynvml; pynvml.nvmlInit(); print(pynvml.nvmlDeviceGetCount())'
    """
    node = ("--machine", MACHINE, "--node", NAME)

    done = drawplate("run", *node, "--", "sh", "-euc", script, sys.executable)

    gpu, count = done.stdout.splitlines()
    assert gpu.startswith("GPU 0: NVIDIA L4 (UUID: GPU-")
    assert count == "1"


def test_without_root_the_environment_says_where_everything_is(
    environment: dict[str, str],
) -> None:
    # Who is root plays another user, who is told of places that anybody may read.
    play = f"""
import os, sys
os.geteuid = lambda: 65534
from drawplate.conformance.cli.main import main
sys.exit(main(["hw", *{NEW!r}, "--", "sh", "-c", "cat $SYSFS_ROOT/bus/pci/devices/*/vendor"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", play], env=environment, capture_output=True, text=True, check=False
    )

    assert "environment variables alone" in done.stderr
    assert "0x10de" in done.stdout.split()
    assert done.returncode == 0


def test_a_machine_that_is_not_one_is_one_problem(drawplate: Drawplate) -> None:
    done = drawplate("run", "--machine", "no-such", "--", "true")

    assert done.returncode == 3
    assert "unknown machine 'no-such'" in done.stderr


def _users_of(path: Path) -> list[str]:
    wanted = path.stat()
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            status = link.stat()
        except OSError:
            continue
        if (status.st_dev, status.st_ino) == (wanted.st_dev, wanted.st_ino):
            found.append(str(link))
    return found

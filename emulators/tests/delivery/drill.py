"""A node that gets hardware, loses it and gets it again: prints what is seen after each step.

Run as `python -m … FOLDER`. It works in a mount namespace of its own, in which /dev, /etc and /usr
are overlays as on the nodes of clusters, so that nothing is written to the machine's.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from drawplate.emulators.delivery.mounting import (
    NEW_MOUNTS,
    PRIVATE,
    RECURSIVE,
    SHARED,
    bind,
    mount,
    overlay_option,
    unshare,
)
from drawplate.emulators.delivery.nodes import make_dev

_DEVICE = Path("/sys/bus/pci/devices/0000:01:00.0")
_OURS = ("/sys", "/proc", "/dev", "/etc", "/usr")
_KERNELS = (
    "from drawplate.emulators.delivery.uncovering import uncover_sys; import pathlib;"
    f"uncover_sys(); print(pathlib.Path({str(_DEVICE)!r}).exists(),"
    "len([*pathlib.Path('/sys/fs/cgroup').iterdir()]))"
)


def main(folder: Path) -> None:
    """Go through all steps."""
    _become_node(folder)
    seen = {"before": look()}
    component = _start(folder)
    seen["shown"] = look()
    own = subprocess.run(
        [sys.executable, "-c", _KERNELS], capture_output=True, text=True, check=True
    )
    seen["uncovered"] = {"printed": own.stdout}
    seen["after another uncovered it"] = look()
    component.kill()
    component.wait()
    _await_shower(folder)
    seen["killed"] = look()
    component = _start(folder)
    seen["again"] = look()
    component.send_signal(signal.SIGTERM)
    seen["status"] = {"status": component.wait()}
    _await_shower(folder)
    seen["ended"] = look()
    print(json.dumps(seen))


def look() -> dict[str, object]:
    """Say what of the hardware is seen, and whether the kernel's own is."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    points = [line.split()[4] for line in lines]
    return {
        "sys": _DEVICE.exists(),
        "net": Path("/sys/class/net/lo").exists(),
        "groups": len([*Path("/sys/fs/cgroup").iterdir()]),
        "proc": Path("/proc/driver/nvidia").exists(),
        "dev": Path("/dev/nvidia0").exists(),
        "null": Path("/dev/null").is_char_device(),
        "tool": Path("/etc/made-up/file").exists(),
        # Elsewhere other programs' come and go.
        "mounts": sorted(each for each in points if each.startswith(_OURS)),
    }


def _become_node(folder: Path) -> None:
    unshare(NEW_MOUNTS)
    mount("", "/", flags=PRIVATE | RECURSIVE)
    for target in ("/etc", "/usr"):
        space = folder / target[1:]
        space.mkdir()
        mount("drawplate", space, "tmpfs")
        upper, work = space / "upper", space / "work"
        upper.mkdir()
        work.mkdir()
        options = (("lowerdir", target), ("upperdir", upper), ("workdir", work))
        data = ",".join(overlay_option(name, path) for name, path in options)
        mount("drawplate", target, "overlay", data=data)
    make_dev(folder / "dev")
    bind(folder / "dev", "/dev")
    mount("", "/", flags=SHARED | RECURSIVE)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    address = folder / "notify"
    address.unlink(missing_ok=True)
    hardware = folder / "hardware"
    (hardware / "root/etc/made-up").mkdir(parents=True, exist_ok=True)
    (hardware / "root/etc/made-up/file").touch()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(address))
        component = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "drawplate.emulators.delivery.component"),
                *("--machine=edge-l4", "--node=drill", f"--folder={hardware}"),
                "--without=work,nvml,mig,smi,nic,tpu,metadata",
            ],
            env={**os.environ, "NOTIFY_SOCKET": str(address)},
        )
        notify.settimeout(60)
        if notify.recv(64) != b"READY=1":
            raise RuntimeError("no word of readiness")
    return component


def _await_shower(folder: Path) -> None:
    """Wait for the second process of the component, which has this locked while it lives."""
    with (folder / "hardware/.shown").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Everything at once: threads, fork, other namespaces, no rights, and a writer that dies."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from drawplate.emulators.tests.nvml.ground import Emulated, read_line, write_line

# Reads one record over and over, in as many processes as it is told, until its input ends; the
# writer keeps several values of a record equal, so that a reader tells when it saw half a change.
READERS = """
import os, select, sys
import pynvml as n
n.nvmlInit()
h = n.nvmlDeviceGetHandleByIndex(0)
children = int(sys.argv[2])
for _ in range(children):
    if os.fork() == 0:
        break
else:
    print("ready", flush=True)
    torn = sum(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(children))
    print(torn, flush=True)
    sys.exit()
torn = reads = 0
while not select.select([0], [], [], 0)[0] or reads < 300:
    m = n.nvmlDeviceGetMemoryInfo(h, version=n.nvmlMemory_v2)
    u = n.nvmlDeviceGetUtilizationRates(h)
    reads += 1
    torn += m.total != m.used + m.free + m.reserved
    torn += u.gpu != u.memory
    c = n.nvmlDeviceGetBAR1MemoryInfo(h)
    torn += c.bar1Total != c.bar1Used + c.bar1Free
os._exit(min(torn, 100))
"""
WRITER = """
import sys, pathlib, itertools
from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.nvml.pages import Pages
from drawplate.emulators.state.model import State
folder = pathlib.Path(sys.argv[1])
state = State(place(load("dgx-h100"), "n1"))
pages = Pages(folder / "root", folder)
state.add_surface(pages)
print(pages.library, flush=True)
for number in itertools.count():
    with state.change("test", quiet=True) as change:
        change.update("gpu0", {"memory.used": number % 80000, "utilisation.gpu": number % 101,
                               "utilisation.memory": number % 101, "bar1.used": number % 1000,
                               "bar1.total": 131072 + number % 7})
    if number == 1000:
        print("running", flush=True)
"""


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Start a process that changes the first GPU without a pause; give it and its library."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        library = read_line(process).strip()
        assert read_line(process) == "running\n"
        yield process, Path(library)
        process.kill()


def start_readers(library: Path, children: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", READERS, "x", str(children)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "LD_LIBRARY_PATH": str(library.parent)},
    )


def test_a_hundred_processes_see_no_half_change(writer: tuple[subprocess.Popen[str], Path]) -> None:
    _, library = writer
    with start_readers(library, 100) as readers:
        assert read_line(readers) == "ready\n"
        write_line(readers)

        assert read_line(readers) == "0\n"


def test_reading_goes_on_when_the_writer_is_killed(
    writer: tuple[subprocess.Popen[str], Path],
) -> None:
    process, library = writer
    with start_readers(library, 2) as readers:
        assert read_line(readers) == "ready\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
        write_line(readers)

        assert read_line(readers) == "0\n"


def restart(node: Emulated, change: Callable[[Path], None]) -> None:
    """Let a new surface take over, with the library file changed in between."""
    library = node.library
    node.pages.stop()
    change(library)
    node.pages.start(node.state)


def test_who_has_the_library_sees_what_the_next_daemon_shows(node: Emulated) -> None:
    nvml = node.bind()
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    events = nvml.nvmlEventSetCreate()
    nvml.nvmlDeviceRegisterEvents(handle, 8, events)
    restart(node, lambda _: None)
    node.set("gpu0", temperature__gpu=66)
    node.emit("xid", "gpu0", xid=31)

    assert nvml.nvmlDeviceGetTemperature(handle, 0) == 66
    assert nvml.nvmlEventSetWait_v2(events, 0).eventData == 31


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"text" * 100])
def test_another_library_in_its_place_is_replaced_and_not_written_over(
    node: Emulated, content: bytes
) -> None:
    nvml = node.bind()
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    stranger = node.folder / "stranger"
    stranger.write_bytes(content)

    def put_it_there(library: Path) -> None:
        library.unlink()
        library.hardlink_to(stranger)

    restart(node, put_it_there)

    assert stranger.read_bytes() == content
    assert nvml.nvmlDeviceGetName(handle) == "NVIDIA H100 80GB HBM3"
    assert node.bind().nvmlDeviceGetCount() == 8


def test_setting_fails_without_the_daemon_and_reading_does_not(
    node: Emulated, nvml: ModuleType
) -> None:
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    nvml.nvmlDeviceSetComputeMode(handle, 3)
    assert node.gpu(0)["compute_mode"] == nvml.nvmlDeviceGetComputeMode(handle) == 3
    node.state.surfaces[-1].stop()

    with pytest.raises((nvml.NVMLError_DriverNotLoaded, nvml.NVMLError_NoPermission)):
        nvml.nvmlDeviceSetComputeMode(handle, 0)
    assert nvml.nvmlDeviceGetComputeMode(handle) == 3


def test_a_child_of_fork_can_set_and_read(node: Emulated) -> None:
    done = node.run(
        "import os, pynvml as n\n"
        "n.nvmlInit()\nh = n.nvmlDeviceGetHandleByIndex(0)\n"
        "n.nvmlDeviceSetPowerManagementLimit(h, 300000)\n"
        "if os.fork() == 0:\n"
        "    n.nvmlDeviceSetPowerManagementLimit(h, 400000)\n"
        "    os._exit(n.nvmlDeviceGetPowerManagementLimit(h) != 400000)\n"
        "status = os.wait()[1]\n"
        "n.nvmlDeviceSetComputeMode(h, 2)\n"
        "print(status, n.nvmlDeviceGetPowerManagementLimit(h))"
    )

    assert done.stdout == "0 400000\n", done.stderr
    assert node.gpu(0)["compute_mode"] == 2


def test_threads_can_start_set_and_stop_at_once(node: Emulated) -> None:
    done = node.run(
        "import threading, pynvml as n\n"
        "def work(number):\n"
        "    for _ in range(50):\n"
        "        n.nvmlInit()\n"
        "        h = n.nvmlDeviceGetHandleByIndex(number)\n"
        "        n.nvmlDeviceSetComputeMode(h, 3)\n"
        "        assert n.nvmlDeviceGetComputeMode(h) == 3\n"
        "        n.nvmlShutdown()\n"
        "all = [threading.Thread(target=work, args=(i,)) for i in range(8)]\n"
        "[one.start() for one in all]; [one.join() for one in all]\n"
        "try: n.nvmlDeviceGetCount()\n"
        "except n.NVMLError as error: print(error.value)"
    )

    assert (done.stdout, done.stderr) == ("1\n", "")


@pytest.mark.root
def test_a_read_only_mount_in_other_namespaces_without_rights_shows_changes(
    node: Emulated, tmp_path: Path
) -> None:
    target = tmp_path / "libnvidia-ml.so.1"
    target.touch()
    program = (
        "import ctypes, sys\n"
        "l = ctypes.CDLL(sys.argv[1])\n"
        "h = ctypes.c_void_p(); t = ctypes.c_uint()\n"
        "assert l.nvmlInit_v2() == 0 and l.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(h)) == 0\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "assert l.nvmlDeviceGetTemperature(h, 0, ctypes.byref(t)) == 0\n"
        "print(t.value, l.nvmlDeviceSetComputeMode(h, 0))\n"
    )
    mount = f"mount --bind {node.library} {target} && mount -o remount,bind,ro {target}"
    command = f"{mount} && exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "
    with subprocess.Popen(
        ["unshare", "-mpinu", "--fork", "sh", "-c", f'{command} "$@"', "-",
         sys.executable, "-c", program, str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        assert read_line(process) == "ready\n"
        node.set("gpu0", temperature__gpu=83)
        write_line(process)

        assert read_line(process) == "83 0\n"


@pytest.mark.root
def test_visible_devices_are_those_whose_nodes_can_be_opened(node: Emulated) -> None:
    program = (
        "import ctypes, os, sys\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "l = ctypes.CDLL(sys.argv[1]); h = ctypes.c_void_p(); n = ctypes.c_uint()\n"
        "assert l.nvmlInit_v2() == 0 and l.nvmlDeviceGetCount_v2(ctypes.byref(n)) == 0\n"
        "print(n.value, [l.nvmlDeviceGetHandleByIndex_v2(i, ctypes.byref(h)) for i in range(4)])\n"
        "uuid = sys.argv[2].encode()\n"
        "print(l.nvmlDeviceGetHandleByUUID(uuid, ctypes.byref(h)))\n"
    )
    # The file itself, where everybody may read it: pages of a copy would not follow.
    script = (
        "mount -t tmpfs none /mnt && touch /mnt/lib && mount --bind $1 /mnt/lib && "
        "mount -t tmpfs none /dev && touch /dev/nvidiactl /dev/nvidia2 /dev/nvidia5 && "
        "chmod 666 /dev/nvidia2 && chmod 600 /dev/nvidia5 && "
        'chmod 755 /mnt && exec $2 -c "$3" /mnt/lib $4'
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "-", str(node.library), str(Path(sys.executable).resolve()), program,
         node.gpu(0).spec.uuid],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    # Two nodes are there, of which this user may open one; and the first GPU is not found.
    assert done.stdout == "2 [0, 4, 2, 2]\n6\n", done.stderr


@pytest.mark.root
def test_process_ids_are_those_of_the_callers_namespace(node: Emulated) -> None:
    program = (
        "import ctypes, os, sys\n"
        "l = ctypes.CDLL(sys.argv[1]); h = ctypes.c_void_p()\n"
        "assert l.nvmlInit_v2() == 0 and l.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(h)) == 0\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "n = ctypes.c_uint(8); b = (ctypes.c_uint * 64)()\n"
        "assert l.nvmlDeviceGetComputeRunningProcesses_v3(h, ctypes.byref(n), b) == 0\n"
        "print([b[6 * i] for i in range(n.value)], os.getpid())\n"
    )
    with subprocess.Popen(
        ["unshare", "-pf", "--mount-proc", sys.executable, "-c", program, str(node.library)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert read_line(process) == "ready\n"
        inner = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        base = {"name": "a", "type": "C", "used_mib": 1}
        node.set("gpu0", processes=[{**base, "pid": inner}, {**base, "pid": os.getpid()}])
        write_line(process)

        assert read_line(process) == "[1] 1\n"
    pids = (ctypes.c_uint * 64)()
    count = ctypes.c_uint(8)
    nvml = node.bind()
    library = ctypes.CDLL(str(node.library))
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    assert library.nvmlDeviceGetComputeRunningProcesses_v3(handle, ctypes.byref(count), pids) == 0
    assert [pids[0], pids[6]] == [inner, os.getpid()]


def test_a_program_with_another_c_library_can_load_it(node: Emulated, tmp_path: Path) -> None:
    source = tmp_path / "client.c"
    source.write_text(
        "#include <dlfcn.h>\n#include <stdio.h>\n"
        "int main(int c, char **v) { void *l = dlopen(v[1], RTLD_NOW); unsigned n = 0;\n"
        "if (!l) { puts(dlerror()); return 1; }\n"
        'int (*i)(void) = dlsym(l, "nvmlInit_v2"); int (*g)(unsigned *) = dlsym(l, "nvmlDeviceGetCount_v2");\n'
        "int started = i(), found = g(&n);\n"
        'printf("%d %d %u\\n", started, found, n); return 0; }\n'
    )
    program = tmp_path / "client"
    subprocess.run(["musl-gcc", "-o", program, source], check=True)
    done = subprocess.run([program, node.library], capture_output=True, text=True, check=False)

    assert done.stdout == "0 0 8\n"

"""Measures the library on this machine: calls a second, time of one call, time to wake a waiter.

Run it with `python -m drawplate.emulators.nvml.speed [machine]`; it takes about ten seconds.
"""

import ctypes
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.nvml.build import compiled, install
from drawplate.emulators.nvml.generate import source_folder
from drawplate.emulators.nvml.pages import Pages
from drawplate.emulators.state.model import State

_SECONDS = 1.0
_EVENTS = 300
_CHANGES = 1000
# Runs in a process of its own, which waits for an event and tells when it was woken.
_WAITER = """
import ctypes, sys, time
lib = ctypes.CDLL(sys.argv[1])
device, events = ctypes.c_void_p(), ctypes.c_void_p()
data = (ctypes.c_ulonglong * 5)()
lib.nvmlInit_v2()
lib.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(device))
lib.nvmlEventSetCreate(ctypes.byref(events))
lib.nvmlDeviceRegisterEvents(device, ctypes.c_ulonglong(8), events)
print("ready", flush=True)
while lib.nvmlEventSetWait_v2(events, data, 10000) == 0:
    print(time.monotonic_ns(), flush=True)
"""


def main(machine: str = "dgx-h100") -> None:
    """Measure, and print a line for each figure."""
    with tempfile.TemporaryDirectory(prefix="drawplate-speed-") as scratch:
        folder = Path(scratch)
        state = State(place(load(machine), "speed"))
        pages = Pages(folder / "root", folder)
        state.add_surface(pages)
        library = install(state.node.machine.driver["nvidia"], folder / "other")
        _tell("calls in C", _calls_in_c(pages.library or library))
        with _changing(state):
            _tell("calls in C while it changes", _calls_in_c(pages.library or library))
        _tell("calls of nvidia-ml-py", _calls_in_python(pages.library or library))
        _tell("changes of the state", _rate(lambda: _change(state, 0)))
        _tell_times("waking a waiter", _waking(state, pages.library or library))


def _calls_in_c(library: Path) -> float:
    source = (source_folder() / "loop.c").read_text(encoding="utf-8")
    loop = ctypes.CDLL(str(compiled("libloop", source, ())))
    loaded = ctypes.CDLL(str(library))
    handle, value = ctypes.c_void_p(), ctypes.c_uint()
    loaded.nvmlInit_v2()
    loaded.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(handle))
    loop.run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong]
    function = ctypes.cast(loaded.nvmlDeviceGetPowerUsage, ctypes.c_void_p)
    times = 20_000_000
    start = time.perf_counter()
    loop.run(function, handle, ctypes.byref(value), times)
    return times / (time.perf_counter() - start)


def _calls_in_python(library: Path) -> float:
    # A tool for tests: nothing else here may need it.
    import pynvml  # noqa: PLC0415

    pynvml.nvmlLib = ctypes.CDLL(str(library))
    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    return _rate(lambda: pynvml.nvmlDeviceGetPowerUsage(handle))


def _rate(call: Callable[[], object]) -> float:
    start, done = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < _SECONDS:
        for _ in range(100):
            call()
        done += 100
    return done / passed


def _change(state: State, number: int) -> None:
    with state.change("speed", quiet=True) as change:
        change.set("gpu0", "power.usage", (change.state.generation * 1000 + number) % 700_000)


@contextmanager
def _changing(state: State) -> Iterator[None]:
    """Change the state a thousand times a second meanwhile."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(1 / _CHANGES):
            _change(state, 1)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _waking(state: State, library: Path) -> Sequence[float]:
    times = []
    # The program and its arguments are ours.
    with subprocess.Popen(
        [sys.executable, "-c", _WAITER, str(library)], stdout=subprocess.PIPE, text=True
    ) as waiter:
        lines = waiter.stdout
        if lines is None or lines.readline() != "ready\n":
            return []
        for number in range(_EVENTS):
            # So that the other process waits, and does not only find the event.
            time.sleep(0.005)
            start = time.monotonic_ns()
            with state.change("speed") as change:
                change.emit("xid", "gpu0", xid=number)
            times.append((int(lines.readline()) - start) / 1000)
        waiter.kill()
    return times


def _tell(what: str, rate: float) -> None:
    sys.stdout.write(f"{what:32} {rate:14,.0f} per second\n")


def _tell_times(what: str, times: Sequence[float]) -> None:
    parts = statistics.quantiles(times, n=100)
    sys.stdout.write(f"{what:32} p50 {parts[49]:.0f} µs, p99 {parts[98]:.0f} µs\n")


if __name__ == "__main__":
    main(*sys.argv[1:2])

"""A driver as a process: how it starts, and each way in which it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from drawplate.conformance.drivers.log import DriverExited
from drawplate.conformance.drivers.place import Place
from drawplate.conformance.drivers.process import DriverProcess
from drawplate.conformance.selftest.drivers.conftest import NAME, MakeDriver, MakeProfile
from drawplate.emulators.problems import SetupProblem, SuiteError

AwaitLine = Callable[[DriverProcess, str], str]

SLEEPER = """
import signal, sys
print("ready", *sys.argv[1:], flush=True)
signal.pause()
"""
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""
POLITE = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("ready", flush=True)
signal.pause()
"""
PARENT = """
import subprocess, sys, signal
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print("child", child.pid, flush=True)
signal.pause()
"""


def test_placeholders_reach_the_driver(driver_of: MakeDriver, await_line: AwaitLine) -> None:
    driver = driver_of(SLEEPER, "{nodeName}", "{pluginDir}", "{instance}")
    driver.start()

    assert await_line(driver, "ready ") == f"node-1 {driver.place.plugins / NAME} 0"
    assert driver.alive
    assert driver.exit_code is None


def test_driver_gets_a_clean_environment(
    driver_of: MakeDriver, await_line: AwaitLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/somewhere/else")
    script = (
        "import os; print('names', *sorted(os.environ), flush=True); import signal; signal.pause()"
    )
    driver = driver_of(script, env={"ACME_NODE": "{nodeName}"})
    driver.start()

    names = set(await_line(driver, "names ").split()) - {"LC_CTYPE"}
    assert "KUBECONFIG" not in names
    assert {"ACME_NODE", "PATH"} <= names <= {"ACME_NODE", "PATH", "HOME", "LANG", "TMPDIR"}


def test_stop_gives_the_drivers_own_status(driver_of: MakeDriver, await_line: AwaitLine) -> None:
    driver = driver_of(POLITE)
    driver.start()
    await_line(driver, "ready")

    assert driver.stop() == 7
    assert not driver.alive
    assert driver.exit_code == 7


def test_stop_kills_a_driver_that_ignores_the_signal(
    driver_of: MakeDriver, await_line: AwaitLine
) -> None:
    driver = driver_of(STUBBORN, stop={"grace": "200ms"})
    driver.start()
    await_line(driver, "ready")

    assert driver.stop() == -signal.SIGKILL


def test_stop_sends_the_declared_signal(driver_of: MakeDriver, await_line: AwaitLine) -> None:
    driver = driver_of(POLITE.replace("SIGTERM", "SIGINT"), stop={"signal": "INT"})
    driver.start()
    await_line(driver, "ready")

    assert driver.stop() == 7


def test_kill_ends_the_driver_and_its_children(
    driver_of: MakeDriver, await_line: AwaitLine
) -> None:
    driver = driver_of(PARENT)
    driver.start()
    child = psutil.Process(int(await_line(driver, "child ")))

    assert driver.kill() == -signal.SIGKILL
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running()


def test_children_do_not_outlive_a_stopped_driver(
    driver_of: MakeDriver, await_line: AwaitLine
) -> None:
    driver = driver_of(PARENT)
    driver.start()
    child = psutil.Process(int(await_line(driver, "child ")))

    driver.stop()

    psutil.wait_procs([child], timeout=10)
    assert not child.is_running()


def test_restart_is_a_new_process_with_a_log_that_goes_on(
    driver_of: MakeDriver, await_line: AwaitLine
) -> None:
    driver = driver_of(SLEEPER)
    driver.start()
    await_line(driver, "ready")
    first = driver.pid

    driver.restart()
    await_line(driver, "ready")

    assert driver.pid != first
    assert driver.log.path.read_text(encoding="utf-8").count("ready") == 2
    assert driver.log.text().count("ready") == 1


def test_driver_that_ends_by_itself_shows_the_end_of_its_log(driver_of: MakeDriver) -> None:
    script = "import sys; [print('line', n) for n in range(50)]; sys.exit('no device found')"
    driver = driver_of(script)
    driver.start()
    assert driver.wait(10) == 1

    with pytest.raises(DriverExited, match="left with status 1") as caught:
        driver.require_alive()

    assert "no device found" in str(caught.value)
    assert "line 49" in str(caught.value)
    assert "line 3\n" not in str(caught.value)
    assert caught.value.where == str(driver.log.path)


def test_signal_that_ended_the_driver_is_named(driver_of: MakeDriver) -> None:
    driver = driver_of("import os; os.kill(os.getpid(), 6)")
    driver.start()
    driver.wait(10)

    with pytest.raises(DriverExited, match="ended by signal 6"):
        driver.require_alive()


def test_stop_after_an_early_end_gives_its_status(driver_of: MakeDriver) -> None:
    driver = driver_of("raise SystemExit(3)")
    driver.start()
    driver.wait(10)

    assert driver.stop() == 3
    assert driver.kill() == 3


def test_waiting_for_a_running_driver_ends(driver_of: MakeDriver) -> None:
    driver = driver_of(SLEEPER)
    driver.start()

    with pytest.raises(TimeoutError):
        driver.wait(0.05)


def test_command_that_does_not_exist_is_refused(profile_of: MakeProfile, place: Place) -> None:
    driver = DriverProcess(
        profile_of({"argv": ["/nowhere/acme-driver"]}), place, log=place.state / "log"
    )

    with pytest.raises(SetupProblem, match="/nowhere/acme-driver: No such file"):
        driver.start()

    assert not driver.alive


def test_folder_that_cannot_be_written_is_one_clear_problem(driver_of: MakeDriver) -> None:
    driver = driver_of(SLEEPER)
    driver.place.state.write_text("a file where a folder should be", encoding="utf-8")

    with pytest.raises(SetupProblem, match="cannot be written") as caught:
        driver.start()

    assert caught.value.where == str(driver.place.state)


def test_driver_is_not_started_twice(driver_of: MakeDriver) -> None:
    driver = driver_of(SLEEPER)
    driver.start()

    with pytest.raises(SuiteError, match="runs already"):
        driver.start()


def test_profile_without_a_process_is_refused(profile_of: MakeProfile, place: Place) -> None:
    with pytest.raises(SetupProblem, match="does not run its driver as a process"):
        DriverProcess(profile_of(None), place, log=place.state / "log")


def test_wrapper_stands_before_the_command(driver_of: MakeDriver, await_line: AwaitLine) -> None:
    plain = driver_of(SLEEPER)
    wrapped = DriverProcess(
        plain.profile,
        plain.place,
        log=plain.log.path,
        wrapper=("env", "ACME_DEFECT=1"),
    )
    with wrapped:
        await_line(wrapped, "ready")
        environment = psutil.Process(wrapped.pid).environ()

    assert environment["ACME_DEFECT"] == "1"


def test_folders_and_files_are_there_before_the_driver(
    driver_of: MakeDriver, await_line: AwaitLine
) -> None:
    script = "import sys; print('read', open(sys.argv[1]).read(), flush=True); input()"
    driver = driver_of(
        script,
        "{stateDir}/conf/acme.json",
        folders=["{pluginDir}"],
        files=[{"path": "{stateDir}/conf/acme.json", "content": '{"node": "{nodeName}"}'}],
    )
    driver.start()
    driver.wait(10)

    assert 'read {"node": "node-1"}' in driver.log.text()
    assert (driver.place.plugins / NAME).is_dir()


@pytest.mark.parametrize("path", ["/srv/acme", "{stateDir}/../../acme", "{kubeconfig}/x"])
def test_file_outside_the_nodes_folders_is_refused(driver_of: MakeDriver, path: str) -> None:
    driver = driver_of(SLEEPER, files=[{"path": path, "content": ""}])

    with pytest.raises(SetupProblem, match="may not write"):
        driver.start()


def test_port_stays_the_same_over_a_restart(driver_of: MakeDriver, await_line: AwaitLine) -> None:
    driver = driver_of(
        SLEEPER, "{port:http}", endpoints={"metrics": "http://127.0.0.1:{port:http}/metrics"}
    )
    driver.start()
    port = await_line(driver, "ready ")

    driver.restart()

    assert await_line(driver, "ready ") == port
    assert driver.endpoint("metrics") == f"http://127.0.0.1:{port}/metrics"
    assert driver.endpoint("liveness") is None


def test_driver_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import os, sys, threading\n"
        "from pathlib import Path\n"
        "from drawplate.conformance.drivers.host import HostProcess\n"
        "def start():\n"
        "    p = HostProcess.start(['sleep', '1000'], env=dict(os.environ), log=Path(sys.argv[1]))\n"
        "    print(p.pid, flush=True)\n"
        # The thread that asks ends at once: the driver must not end with it.
        "threading.Thread(target=start).start()\n"
        "input()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "log")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:
        assert starter.stdout
        assert starter.stdin
        sleeper = psutil.Process(int(starter.stdout.readline()))
        assert sleeper.is_running()
        starter.communicate(b"\n")

    gone, _ = psutil.wait_procs([sleeper], timeout=10)
    assert gone


def test_descriptors_of_ours_do_not_reach_the_driver(
    driver_of: MakeDriver, await_line: AwaitLine
) -> None:
    script = "import os; print('open', *sorted(map(int, os.listdir('/proc/self/fd')))[:-1], flush=True); input()"
    reader, writer = os.pipe()
    try:
        driver = driver_of(script)
        driver.start()
        driver.wait(10)
    finally:
        os.close(reader)
        os.close(writer)

    assert "open 0 1 2\n" in driver.log.text()

"""A driver as a process: started, stopped and killed as its profile says."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from drawplate.conformance.drivers.hardware import UnderDriver
from drawplate.conformance.drivers.host import HostProcess, launch_command
from drawplate.conformance.drivers.log import DriverExited, DriverLog
from drawplate.conformance.drivers.namespace import binds_of, outside
from drawplate.conformance.drivers.place import Place
from drawplate.conformance.drivers.ports import choose_ports
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.placeholders import render
from drawplate.emulators.problems import SetupProblem, SuiteError
from drawplate.fixtures.clusters.provider import Node
from drawplate.fixtures.clusters.provider import Process as Running

# A driver gets these of our environment and no others: nothing of a user's shell may matter.
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR")


class DriverProcess:
    """One instance of a driver, on this machine or in a node of a cluster.

    It says nothing about registration or slices: whoever plays the kubelet sees those. On this
    machine the driver runs in a session of its own, dies when Drawplate ends, and has a private
    mount namespace when its profile replaces paths.
    """

    # Node, hardware and wrapper are there for some drivers only.
    def __init__(  # noqa: PLR0913
        self,
        profile: Profile,
        place: Place,
        *,
        log: Path,
        node: Node | None = None,
        hardware: UnderDriver | None = None,
        wrapper: Sequence[str] = (),
    ) -> None:
        """Describe the driver; `wrapper` stands before its command, for example to inject defects.

        `hardware` is what it finds, where that is emulated; whoever gives it ends it.

        Raises SetupProblem when the profile does not say how to run the driver as a process.
        """
        if profile.deploy.process is None:
            raise SetupProblem(
                f"the profile {profile.title!r} does not run its driver as a process",
                where=f"{profile.source} (deploy.process)",
                cure="add deploy.process; the bench needs it",
            )
        self.profile = profile
        self.place = place
        self.node = node
        self.hardware = hardware
        self.log = DriverLog(log)
        self._process = profile.deploy.process
        self._wrapper = tuple(wrapper)
        self._running: Running | HostProcess | None = None
        self._values = place.values(profile.driver.name)
        self._values |= choose_ports(self._process)
        self._binds = binds_of(self._process, profile.driver.name, place)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def alive(self) -> bool:
        """Say whether the driver runs."""
        return self._running is not None and self._running.poll() is None

    @property
    def pid(self) -> int:
        """Give the driver's process ID as this machine counts it."""
        return self._started().pid

    @property
    def exit_code(self) -> int | None:
        """Give the status of the latest end (negative: the signal); None before, and while it runs."""
        return self._running.poll() if self._running else None

    def start(self) -> None:
        """Start the driver; this does not wait for registration.

        Raises SetupProblem when its command cannot be executed, its files cannot be written or
        its paths cannot be replaced.
        """
        if self.alive:
            raise SuiteError(f"the driver {self.profile.driver.name} runs already")
        try:
            self._furnish()
            self.log.begin()
            self._running = self._launch()
        except OSError as error:
            raise SetupProblem(
                f"the driver's files cannot be written: {error.strerror}",
                where=str(error.filename or self.place.state),
                cure="see that the disk is not full and that the folder may be written",
            ) from error

    def stop(self) -> int:
        """Ask the driver to end, kill it when it does not; give its exit status.

        The status of a killed driver is -9.
        """
        running = self._started()
        self.send(signal.Signals[f"SIG{self._process.stop.signal}"])
        try:
            return running.wait(self._process.stop.grace)
        except TimeoutError:
            return running.kill()

    def kill(self) -> int | None:
        """End the driver at once, as a crash would; give its exit status, None if it never ran."""
        return self._running.kill() if self._running else None

    def restart(self) -> None:
        """Stop the driver and start it again, with the same files and ports."""
        self.stop()
        self.start()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the driver's first process; one that ended already is no error."""
        running = self._started()
        if isinstance(running, HostProcess):
            running.send(number)
        elif running.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(running.pid, number)

    def wait(self, timeout: float) -> int:
        """Wait until the driver ends by itself and give its exit status; seconds.

        Raises TimeoutError when it still runs then.
        """
        return self._started().wait(timeout)

    def require_alive(self) -> None:
        """Raise DriverExited, with the end of the log, unless the driver runs."""
        code = self._started().poll()
        if code is not None:
            raise DriverExited(self.profile.driver.name, code, self.log)

    def render(self, text: str) -> str:
        """Replace the placeholders of a text by what they mean for this instance."""
        return render(text, self._values)

    def endpoint(self, name: str) -> str | None:
        """Give an address that the profile says the driver serves: metrics, liveness."""
        address = self._process.endpoints.get(name)
        return self.render(address) if address else None

    def outside(self, path: str) -> Path:
        """Give the path by which this machine opens what the driver calls `path`."""
        replaced = outside(path, self._binds)
        return self.node.path(str(replaced)) if self.node else replaced

    def _started(self) -> Running | HostProcess:
        if self._running is None:
            raise SuiteError(f"the driver {self.profile.driver.name} was never started")
        return self._running

    def _launch(self) -> Running | HostProcess:
        argv = [*self._wrapper, *(self.render(word) for word in self._process.argv)]
        env = {name: self.render(value) for name, value in self._process.env.items()}
        if self.node:
            # The node is ours: it ends the driver, whose paths are mostly where they should be.
            command = launch_command(argv, self._binds) if self._binds else argv
            return self.node.spawn(command, env=env, log=self.log.path)
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        return HostProcess.start(argv, env=kept | env, log=self.log.path, binds=self._binds)

    def _furnish(self) -> None:
        place = self.place
        folders = [place.state, place.scratch, *map(self._own_path, self._process.folders)]
        for folder in folders:
            self.outside(str(folder)).mkdir(parents=True, exist_ok=True)
        for file in self._process.files:
            target = self.outside(str(self._own_path(file.path)))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self.render(file.content), encoding="utf-8")

    def _own_path(self, text: str) -> Path:
        path = Path(self.render(text))
        owned = self.place.roles(self.profile.driver.name).values()
        if ".." in path.parts or not any(path.is_relative_to(folder) for folder in owned):
            raise SetupProblem(
                f"the profile may not write {path}: it lies in none of the node's folders",
                where=f"{self.profile.source} (deploy.process)",
                cure="put it below {stateDir} or another folder placeholder",
            )
        return path

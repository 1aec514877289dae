"""A driver that runs as a process inside the node."""

import shutil
from pathlib import Path

from drawplate.conformance.drivers.hardware import UnderDriver, renew
from drawplate.conformance.drivers.levers import pull
from drawplate.conformance.drivers.place import Place
from drawplate.conformance.drivers.process import DriverProcess
from drawplate.conformance.profile.hardware import LeverName
from drawplate.conformance.profile.model import Profile
from drawplate.fixtures.clusters.provider import Node


class ProcessDeployment:
    """One driver process in a node, started by the profile's `deploy.process`."""

    def __init__(
        self,
        profile: Profile,
        place: Place,
        node: Node,
        log: Path,
        hardware: UnderDriver | None = None,
    ) -> None:
        """Describe it; nothing is started yet."""
        self._driver = DriverProcess(profile, place, log=log, node=node, hardware=hardware)
        self._place = place
        self._log = log

    @property
    def alive(self) -> bool:
        """Say whether the process runs."""
        return self._driver.alive

    @property
    def ended(self) -> bool:
        """Say whether the process ended."""
        return not self._driver.alive

    @property
    def instance(self) -> str:
        """Give the process's number."""
        return str(self._driver.pid) if self._driver.alive else ""

    @property
    def dies_with_node(self) -> bool:
        """Say that nobody but us starts the process."""
        return False

    def start(self) -> None:
        """Start the process. Raises SetupProblem when its command cannot be executed."""
        if not self._driver.alive:
            self._driver.start()

    def stop(self) -> None:
        """Send the profile's stop signal, and kill what does not end."""
        if self._driver.alive:
            self._driver.stop()

    def kill(self) -> None:
        """Kill the process."""
        self._driver.kill()

    def roll(self) -> None:
        """Stop the process as an administrator would, and start it again."""
        self.stop()
        self.start()

    def forget(self) -> None:
        """Remove all that the driver has made below its own folders, and reset the hardware."""
        own = self._place.plugins / self._driver.profile.driver.name
        for folder in (self._place.state, self._place.scratch, own):
            shutil.rmtree(self._driver.outside(str(folder)), ignore_errors=True)
        if self._driver.hardware:
            renew(self._driver.hardware)

    def remove(self) -> None:
        """End the process and remove its files."""
        self.stop()
        self.forget()

    def pull(self, lever: LeverName) -> int | None:
        """Change the hardware as the profile says."""
        return pull(self._driver, lever)

    def log_end(self) -> int:
        """Give the size of the log."""
        return self._log.stat().st_size if self._log.exists() else 0

    def log(self, since: int | None) -> str:
        """Give the process's output from a size of the log on."""
        if not self._log.exists():
            return ""
        with self._log.open("rb") as file:
            file.seek(since or 0)
            return file.read().decode(errors="replace")

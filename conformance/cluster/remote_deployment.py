"""A driver that another process of the run has deployed, and ends and starts for us."""

from collections.abc import Callable
from typing import Any

from drawplate.conformance.profile.hardware import LeverName

Call = Callable[..., Any]

CALLS = frozenset(
    {"alive", "ended", "instance", "dies_with_node", "start", "stop", "kill", "roll", "forget"}
    | {"pull", "log_end", "log"}
)
"""What may be asked for by its name."""


class RemoteDeployment:
    """A Deployment in the process that deployed it; `call(name, *arguments)` reaches it."""

    def __init__(self, call: Call) -> None:
        """Take the way to it."""
        self._call = call

    @property
    def alive(self) -> bool:
        """Say whether the instance on the node runs."""
        return bool(self._call("alive"))

    @property
    def ended(self) -> bool:
        """Say whether the instance ended by itself and nobody will start it again."""
        return bool(self._call("ended"))

    @property
    def instance(self) -> str:
        """Tell the instance that runs from every other one; "" when none does."""
        return str(self._call("instance"))

    @property
    def dies_with_node(self) -> bool:
        """Say whether a reboot of the node ends and starts the instance without our doing."""
        return bool(self._call("dies_with_node"))

    def start(self) -> None:
        """Start the instance; raises SetupProblem when it cannot even be started."""
        self._call("start")

    def stop(self) -> None:
        """End the instance as an administrator would; it stays away until it is started."""
        self._call("stop")

    def kill(self) -> None:
        """End the instance at once, as a crash would; it stays away until it is started."""
        self._call("kill")

    def roll(self) -> None:
        """Replace the instance as an update would; those of other nodes may be replaced too."""
        self._call("roll")

    def forget(self) -> None:
        """Remove what the stopped driver remembers and reset its hardware, for a fresh start."""
        self._call("forget")

    def remove(self) -> None:
        """Leave it: whoever deployed it removes it."""

    def pull(self, lever: LeverName) -> int | None:
        """Change the hardware; give how many devices the driver must publish then, if known."""
        devices: int | None = self._call("pull", lever)
        return devices

    def log_end(self) -> Any:
        """Give where its log ends now, for `log`."""
        return self._call("log_end")

    def log(self, since: Any) -> str:
        """Give what the driver wrote since a `log_end`, with None all that there is."""
        return str(self._call("log", since))

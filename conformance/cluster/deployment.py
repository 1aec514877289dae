"""The driver under test on a node: what a suite can do with it, however it is deployed."""

from typing import Any, Protocol

from drawplate.conformance.profile.hardware import LeverName


class Deployment(Protocol):
    """A driver that is deployed once for a session.

    The instance on the node can be stopped, killed and started as often as tests like; nothing
    here waits for registration or slices, which KubeletView and SliceView show.
    """

    @property
    def alive(self) -> bool:
        """Say whether the instance on the node runs."""

    @property
    def ended(self) -> bool:
        """Say whether the instance ended by itself and nobody will start it again."""

    @property
    def instance(self) -> str:
        """Tell the instance that runs from every other one; "" when none does."""

    @property
    def dies_with_node(self) -> bool:
        """Say whether a reboot of the node ends and starts the instance without our doing."""

    def start(self) -> None:
        """Start the instance; raises SetupProblem when it cannot even be started."""

    def stop(self) -> None:
        """End the instance as an administrator would; it stays away until it is started."""

    def kill(self) -> None:
        """End the instance at once, as a crash would; it stays away until it is started."""

    def roll(self) -> None:
        """Replace the instance as an update would; those of other nodes may be replaced too."""

    def forget(self) -> None:
        """Remove what the stopped driver remembers and reset its hardware, for a fresh start."""

    def remove(self) -> None:
        """Undo the deployment: nothing of it is left."""

    def pull(self, lever: LeverName) -> int | None:
        """Change the hardware; give how many devices the driver must publish then, if known."""

    def log_end(self) -> Any:
        """Give where its log ends now, for `log`."""

    def log(self, since: Any) -> str:
        """Give what the driver wrote since a `log_end`, with None all that there is."""

"""The driver under test as cluster tests handle it: killed, started, and waited for."""

import time
from collections.abc import Callable

from drawplate.conformance.bench.slice_view import Content, SliceView
from drawplate.conformance.cluster.deployment import Deployment
from drawplate.conformance.cluster.kubelet_view import KubeletView, Sockets
from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.profile.hardware import LeverName
from drawplate.conformance.profile.model import Profile

# Its first ResourceSlice may come at once and its last a little later; without a number of devices
# in the profile this is how long the rest may take, in seconds.
SETTLED_SECONDS = 2.0
# k8s.io/dynamic-resource-allocation v0.37 resourceslice/resourceslicecontroller.go: the library that
# most drivers use waits 30 s (SyncDelay) before it restores what somebody deleted.
RESTORED_SECONDS = 40.0


class Driver:
    """One deployed driver, with the kubelet and the slices that show how it fares.

    `budget` is how long registration and publication may take, in seconds; `hopeless` says why no
    test can use the driver any more, "" while they can.
    """

    def __init__(
        self,
        profile: Profile,
        deployment: Deployment,
        kubelet: KubeletView,
        slices: SliceView,
        budget: float,
    ) -> None:
        """Take the parts; nothing is started yet."""
        self._profile = profile
        self._kubelet = kubelet
        self._before: Sockets | None = None
        self._sockets: frozenset[str] = frozenset()
        self._used: frozenset[str] = frozenset()
        self.deployment = deployment
        self.slices = slices
        self.budget = budget
        self.hopeless = ""
        self.published: Content = {}

    def deploy(self) -> None:
        """Start the driver for the first time and learn what it publishes.

        Raises SetupProblem when it does not register or publishes no device.
        """
        self.start()
        if not self.registers():
            raise self._problem("the kubelet did not register the driver")
        self.published = self._learn()

    def start(self) -> None:
        """Start the instance; `registers` and `publishes` wait for it."""
        self.expect_new_instance()
        self.deployment.start()

    def expect_new_instance(self) -> None:
        """Note that the sockets of now are those of an instance that will be gone."""
        self._before = self._kubelet.sockets()

    def stop(self) -> None:
        """End the instance cleanly; it stays away until it is started."""
        self.deployment.stop()

    def kill(self) -> None:
        """End the instance as a crash would; it stays away until it is started."""
        self.deployment.kill()

    def restart(self) -> None:
        """Crash the driver and start it again."""
        self.kill()
        self.start()

    def registers(self) -> bool:
        """Wait until the kubelet has registered the instance that was started last.

        After a restart of the kubelet it waits for the sockets that were there already.
        """
        began = time.monotonic()
        replaced = False
        if self._before is not None:
            before = self._before
            self._sockets = self._kubelet.new_sockets(
                before, self.budget, lambda: not self.deployment.ended
            )
            # The kubelet may not even have noticed that a socket of this name was removed.
            replaced = bool(self._sockets & (set(before) | self._used))
            self._used |= self._sockets
        left = self.budget - (time.monotonic() - began)
        done = bool(self._sockets) and self._kubelet.registers(
            self._sockets, left, replaced=replaced
        )
        if done:
            self._before = None
        return done

    def publishes(self) -> bool:
        """Wait until the slices say what they said at first."""
        return self.slices.become(self.published, max(self.budget, RESTORED_SECONDS))

    def pull(self, lever: LeverName) -> int | None:
        """Change the hardware; give how many devices the driver must publish then, if known."""
        return self.deployment.pull(lever)

    def is_published(self) -> bool:
        """Say whether the slices say now what they said at first."""
        return self.slices.content() == self.published

    def redeploy(self, clear: Callable[[], None]) -> None:
        """Start from nothing, after a test that left the driver or the node in disorder.

        `clear` is called while the driver is stopped. Raises SetupProblem when it does not come
        back.
        """
        self.deployment.stop()
        self.slices.wipe()
        self.deployment.forget()
        clear()
        self.start()
        if not (self.registers() and self.publishes()):
            self.hopeless = "the driver did not come back after an earlier test"
            raise self._problem(self.hopeless)

    def tail(self, lines: int = 20) -> str:
        """Give the end of what the driver wrote."""
        return "\n".join(self.deployment.log().splitlines()[-lines:]) or "(nothing)"

    def _learn(self) -> Content:
        expected = self._profile.hardware.devices
        if expected is None:
            self.slices.settled_count(above=0, within=self.budget)
            self.slices.writes(during=SETTLED_SECONDS)
        else:
            self.slices.settled_count(above=expected - 1, within=self.budget)
        content = self.slices.content()
        if not any(pool["devices"] for pool in content.values()):
            raise self._problem("the driver publishes no device")
        return content

    def _problem(self, what: str) -> SetupProblem:
        return SetupProblem(
            f"{what} within {self.budget:.0f} s; the end of its log:\n{self.tail()}",
            where=f"{self._profile.source} (deploy)",
            cure="deploy it by hand on `drawplate up`, and read its log",
        )

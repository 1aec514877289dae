"""The driver under test as cluster tests handle it: killed, started, and waited for."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drawplate.conformance.bench.slice_view import Content, SliceView
from drawplate.conformance.cluster.deployment import Deployment
from drawplate.conformance.cluster.kubelet_view import KubeletView, Sockets
from drawplate.conformance.cluster.lease import Lease
from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.profile.hardware import LeverName
from drawplate.conformance.profile.model import Profile

# Its first ResourceSlice may come at once and its last a little later; without a number of devices
# in the profile this is how long the rest may take, in seconds.
SETTLED_SECONDS = 2.0
# k8s.io/dynamic-resource-allocation v0.37 resourceslice/resourceslicecontroller.go: the library that
# most drivers use waits 30 s (SyncDelay) before it restores what somebody deleted.
RESTORED_SECONDS = 40.0


@dataclass(slots=True)
class Memory:
    """What is known of a deployed driver: whichever process of a run handles it must know it.

    `published` is what it published at first, `sockets` are those of its latest instance, `used`
    those of all; `before` are the sockets from before an instance that has not registered yet.
    `hopeless` says why no test can use the driver any more, "" while they can.
    """

    published: Content = field(default_factory=dict)
    before: Sockets | None = None
    sockets: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    hopeless: str = ""


class Driver:
    """One deployed driver, with the kubelet and the slices that show how it fares.

    `budget` is how long registration and publication may take, in seconds; `lease` is that of the
    test that handles it.
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
        self._log_start: Any = None
        self.deployment = deployment
        self.slices = slices
        self.budget = budget
        self.memory = Memory()
        self.lease = Lease()

    @property
    def published(self) -> Content:
        """What the driver published at first."""
        return self.memory.published

    def deploy(self) -> None:
        """Start the driver for the first time and learn what it publishes.

        Raises SetupProblem when it does not register or publishes no device.
        """
        self.start()
        self.learn()

    def learn(self) -> None:
        """Wait for the driver that was started first of all, and learn what it publishes.

        Raises SetupProblem as `deploy` does.
        """
        if not self.registers():
            raise self._problem("the kubelet did not register the driver")
        self.memory.published = self._learn()

    def start(self) -> None:
        """Start the instance; `registers` and `publishes` wait for it."""
        self.expect_new_instance()
        self.deployment.start()

    def expect_new_instance(self) -> None:
        """Note that the sockets of now are those of an instance that will be gone."""
        self.lease.require("driver", "starts the driver")
        self.memory.before = self._kubelet.sockets()

    def stop(self) -> None:
        """End the instance cleanly; it stays away until it is started."""
        self.lease.require("driver", "stops the driver")
        self.deployment.stop()

    def kill(self) -> None:
        """End the instance as a crash would; it stays away until it is started."""
        self.lease.require("driver", "kills the driver")
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
        known = self.memory
        self._kubelet.know(known.used)
        if known.before is not None:
            before = known.before
            known.sockets = self._kubelet.new_sockets(
                before, self.budget, lambda: not self.deployment.ended
            )
            # The kubelet may not even have noticed that a socket of this name was removed.
            replaced = bool(known.sockets & (set(before) | known.used))
            known.used |= known.sockets
        left = self.budget - (time.monotonic() - began)
        done = bool(known.sockets) and self._kubelet.registers(
            known.sockets, left, replaced=replaced
        )
        if done:
            known.before = None
        return done

    def publishes(self) -> bool:
        """Wait until the slices say what they said at first."""
        return self.slices.become(self.published, max(self.budget, RESTORED_SECONDS))

    def pull(self, lever: LeverName) -> int | None:
        """Change the hardware; give how many devices the driver must publish then, if known."""
        self.lease.require("driver", "changes the hardware")
        return self.deployment.pull(lever)

    def is_published(self) -> bool:
        """Say whether the slices say now what they said at first."""
        return self.slices.content() == self.published

    def redeploy(self, clear: Callable[[], None]) -> None:
        """Start from nothing, after a test that left the driver or the node in disorder.

        `clear` is called while the driver is stopped. Raises SetupProblem when it does not come
        back.
        """
        self.stop()
        self.slices.wipe()
        self.deployment.forget()
        clear()
        self.start()
        if not (self.registers() and self.publishes()):
            self.memory.hopeless = "the driver did not come back after an earlier test"
            raise self._problem(self.memory.hopeless)

    def mark(self) -> None:
        """Begin a new part of the log."""
        self._log_start = self.deployment.log_end()

    def log(self) -> str:
        """Give what the driver wrote since the latest mark."""
        return self.deployment.log(self._log_start)

    def tail(self, lines: int = 20) -> str:
        """Give the end of what the driver wrote."""
        return "\n".join(self.log().splitlines()[-lines:]) or "(nothing)"

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

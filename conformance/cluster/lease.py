"""What a cluster test may use: the lease that it holds, and what it must not do with it."""

from collections.abc import Callable
from dataclasses import dataclass

from drawplate.conformance.alone import EVERYTHING, Alone, Part
from drawplate.conformance.problems import SuiteError


@dataclass(slots=True)
class Lease:
    """A test's lease on a node; without arguments all is the test's, as outside of a run.

    `number` tells leases of a run apart. `company()` says whether another test uses the driver
    now, `crowded()` whether any did since the lease began; `widen_to_node()` waits until the whole
    node is the test's; `same_instance()` says whether the driver is that of the test's begin.
    """

    needs: Alone = EVERYTHING
    number: int = 0
    company: Callable[[], bool] = bool
    crowded: Callable[[], bool] = bool
    widen_to_node: Callable[[], None] = lambda: None
    same_instance: Callable[[], bool] = lambda: True
    used_devices: int = 0

    def has(self, part: Part) -> bool:
        """Say whether the part is the test's alone."""
        return self.needs.has(part)

    def widen(self) -> None:
        """Wait until the node is the test's alone, if it is not yet."""
        if not self.has("node"):
            self.widen_to_node()
            self.needs = Alone("node")

    def require(self, part: Part, deed: str) -> None:
        """Raise SuiteError when the test does what would disturb others, or depends on them."""
        if not self.has(part):
            mark = '@alone(devices="all")' if part == "devices" else f'@alone("{part}")'
            raise SuiteError(
                f"the test {deed}, but does not have the {part} alone",
                where="its mark @alone(…)",
                cure=f"mark it {mark}",
            )

    def use(self, devices: int) -> None:
        """Count devices that the test may get. Raises SuiteError when it said fewer."""
        self.used_devices += devices
        if self.needs.shares_devices and self.used_devices > self.needs.devices:
            raise SuiteError(
                f"the test claims {self.used_devices} devices, but said {self.needs.devices}",
                where="its mark @alone(devices=…)",
                cure="say there how many it has at most",
            )

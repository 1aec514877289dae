"""What tests do to the node under their pods, and what its kubelet makes of it."""

from drawplate.conformance.bench.nodes import NodeFacts
from drawplate.conformance.cluster import nodecontrol, outage
from drawplate.conformance.cluster.claim import Claim
from drawplate.conformance.cluster.pod import Pod
from drawplate.conformance.cluster.site import Site
from drawplate.conformance.patience import wait_until
from drawplate.conformance.problems import Inconclusive
from drawplate.fixtures.kubewatch import Selection
from drawplate.fixtures.waiting import NotInTime

# The kubelet's reconcile loop unprepares at the latest (kubernetes v1.37 pkg/kubelet/cm/dra:
# defaultReconcilePeriod 60 s); seconds, before patience.
UNPREPARE_SECONDS = 100.0
# kubernetes v1.37 pkg/kubelet/cm/dra/plugin: at its start the kubelet deletes the node's slices in
# the background.
WIPE_SECONDS = 30.0
# kubernetes v1.37 pkg/kubelet/cm/dra (defaultWipingDelay 30 s): the kubelet deletes slices of a
# driver that is gone; seconds, before patience.
WITHDRAWN_SECONDS = 60.0


class StageNode:
    """The node of a stage."""

    def __init__(self, site: Site) -> None:
        """Take the site whose node it is."""
        self._site = site
        self.name = site.node.name
        self.driver = site.driver

    # Looking.

    @property
    def is_control_plane(self) -> bool:
        """Say whether the cluster's own components are on the node."""
        return self._site.control_plane

    @property
    def facts(self) -> NodeFacts:
        """What selectors can ask of it."""
        return self.driver.slices.node

    def published(self) -> frozenset[tuple[str, str]]:
        """Give pool and name of every device that the driver published for it at first."""
        pools = self.driver.published.items()
        return frozenset((pool, name) for pool, held in pools for name in held["devices"])

    def offered(self) -> frozenset[tuple[str, str]]:
        """Give pool and name of every device that is published for it now."""
        pools = self.driver.slices.content().items()
        return frozenset((pool, name) for pool, held in pools for name in held["devices"])

    def offers_nothing(self) -> bool:
        """Wait until no device is published for the node; say whether none is."""
        budget = WITHDRAWN_SECONDS * self._site.patience
        return not self.driver.slices.settled_count(below=1, within=budget)

    def slice_uids(self) -> frozenset[str]:
        """Give the UIDs of the slices that are published for it now."""
        return frozenset(one["metadata"]["uid"] for one in self.driver.slices.current())

    def expected(self, claim: Claim) -> frozenset[str]:
        """Give what must show in a container here with the claim."""
        return claim.expected(self._site.profile, self.driver.slices)

    def holds(self, claim: Claim) -> bool:
        """Say whether the kubelet has to unprepare a claim one day."""
        return claim.uid in self._site.kubelet.claims()

    def surplus(self) -> list[str]:
        """Give the CDI files that are not as they were before the test."""
        self._site.lease.require("driver", "takes every new CDI file for its own")
        return self._site.state.surplus()

    # Acting.

    def unprepares(self, uid: str) -> bool:
        """Wait until the kubelet has unprepared a claim; say whether it did."""
        return self._site.kubelet.forgets(uid, UNPREPARE_SECONDS * self._site.patience)

    def restart_kubelet(self) -> None:
        """Restart the kubelet, and wait until it has deleted the slices of the node.

        It leaves those alone that have not the node's name. `driver.registers` tells whether it
        knows the driver again. Raises Inconclusive when slices of the node stay.
        """
        self._site.lease.require("node", "restarts the kubelet")
        old = {one["metadata"]["uid"] for one in self._site.driver.slices.only_here()}
        nodecontrol.restart_kubelet(self._site.node, self._site.profile)
        try:
            self._site.api.wait(
                "ResourceSlice",
                lambda slices: not old & {one["metadata"]["uid"] for one in slices},
                WIPE_SECONDS * self._site.patience,
                Selection(fields=f"spec.driver={self._site.profile.driver.name}"),
                "the kubelet's deletion of the node's slices at its start",
            )
        except NotInTime as late:
            raise Inconclusive(str(late)) from late

    def reboot(self) -> None:
        """Do to the node what a reboot does, and start the driver if nobody else does."""
        self._site.lease.require("node", "reboots the node")
        self._site.driver.expect_new_instance()
        if self._site.driver.deployment.dies_with_node:
            self._reboot()
            return
        self._site.driver.kill()
        self._reboot()
        self._site.driver.deployment.start()

    def delete_in_vain(self, pod: Pod) -> None:
        """Delete a pod while the driver is away, and wait until the kubelet tried to unprepare."""
        self._site.lease.require("driver", "counts what the kubelet could not unprepare")
        before = self._site.kubelet.failed_unprepares()
        pod.delete()
        wait_until(
            "the kubelet's attempt to unprepare without a driver",
            lambda: self._site.kubelet.failed_unprepares() > before,
            UNPREPARE_SECONDS * self._site.patience,
            every=0.2,
        )

    def lose(self) -> None:
        """Stop kubelet and container runtime, and wait until the cluster misses the node.

        `come_back` undoes it. Raises Inconclusive when nobody notices.
        """
        self._site.lease.require("cluster", "takes a node away")
        outage.lose(self._site.node, self._site.api, self._site.patience)

    def come_back(self) -> None:
        """Start again what `lose` stopped, and wait until the node is Ready.

        Raises Inconclusive when it is not in time.
        """
        outage.mend(self._site.node, self._site.api, self._site.patience)

    def cordon(self) -> None:
        """Keep new pods off the node; the end of the test undoes it."""
        self._site.lease.require("cluster", "cordons a node")
        outage.cordon(self._site.node, self._site.api)

    def _reboot(self) -> None:
        nodecontrol.reboot(self._site.node, self._site.profile, self._site.api)

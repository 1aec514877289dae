"""What tests do to the node under their pods, and what its kubelet makes of it."""

from drawplate.conformance.cluster import nodecontrol
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


class StageNode:
    """The node of a stage."""

    def __init__(self, site: Site) -> None:
        """Take the site whose node it is."""
        self._site = site

    def unprepares(self, uid: str) -> bool:
        """Wait until the kubelet has unprepared a claim; say whether it did."""
        return self._site.kubelet.forgets(uid, UNPREPARE_SECONDS * self._site.patience)

    def restart_kubelet(self) -> None:
        """Restart the kubelet, and wait until it has deleted the slices of the node.

        `driver.registers` tells whether it knows the driver again. Raises Inconclusive when it
        leaves the slices alone.
        """
        self._site.lease.require("node", "restarts the kubelet")
        old = {one["metadata"]["uid"] for one in self._site.driver.slices.current()}
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

    def _reboot(self) -> None:
        nodecontrol.reboot(self._site.node, self._site.profile, self._site.api)

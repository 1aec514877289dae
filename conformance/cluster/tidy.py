"""After a test: everything of it goes, and driver and node are as they were before it."""

from drawplate.conformance.cluster.site import Site
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.problems import Inconclusive
from drawplate.fixtures.kubewatch import Selection
from drawplate.fixtures.waiting import NotInTime

# A failed unprepare is tried again after 10 to 15 s (kubernetes v1.37 pkg/kubelet, backOffPeriod);
# seconds, before patience.
LEAVE_SECONDS = 30.0


def tidy(stage: Stage) -> None:
    """Delete all that the test made and restore what it changed.

    Raises Inconclusive when something of it stays, SetupProblem when the driver does not come back.
    """
    site = stage.site
    if not site.driver.deployment.alive:
        # Without a driver no pod can end.
        site.driver.start()
        site.driver.registers()
    uids = [one["metadata"]["uid"] for one in site.api.list("ResourceClaim", stage.namespace)]
    left = _end_pods(stage) + _delete_claims(stage)
    site.api.delete("Namespace", stage.namespace)
    budget = LEAVE_SECONDS * site.patience
    left += [f"claim {uid} in the kubelet" for uid in uids if not site.kubelet.forgets(uid, budget)]
    restore(site)
    if left:
        raise Inconclusive(f"the test could not be cleaned up: {', '.join(left)}")


def restore(site: Site) -> None:
    """Deploy the driver anew unless driver, slices and CDI folders are as at first."""
    driver = site.driver
    if driver.deployment.alive and site.state.is_right() and driver.is_published():
        return
    driver.redeploy(site.state.clear)


def _end_pods(stage: Stage) -> list[str]:
    """Delete the pods; give the names of those that had to be forced."""
    for pod in stage.pods:
        pod.delete()
    stuck = _leave(stage, "Pod")
    for name in stuck:
        stage.site.api.delete("Pod", name, stage.namespace, grace=0)
    return [f"pod {name}" for name in stuck]


def _delete_claims(stage: Stage) -> list[str]:
    for kind in ("ResourceClaimTemplate", "ResourceClaim"):
        for one in stage.site.api.list(kind, stage.namespace):
            stage.site.api.delete(kind, one["metadata"]["name"], stage.namespace)
    return [f"claim {name}" for name in _leave(stage, "ResourceClaim")]


def _leave(stage: Stage, kind: str) -> list[str]:
    """Wait until no object of a kind is left; give the names of those that are."""
    budget = LEAVE_SECONDS * stage.site.patience
    try:
        stage.site.api.wait(kind, lambda left: not left, budget, Selection(stage.namespace))
    except NotInTime:
        return [one["metadata"]["name"] for one in stage.site.api.list(kind, stage.namespace)]
    return []

"""After a test: everything of it goes, and driver and node are as they were before it."""

from collections.abc import Collection

from drawplate.conformance.cluster import outage
from drawplate.conformance.cluster.objects import OURS
from drawplate.conformance.cluster.site import Site
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.problems import Inconclusive
from drawplate.fixtures.clusters.disturbing.healing import heal_orphans
from drawplate.fixtures.kubewatch import Selection
from drawplate.fixtures.progress import silent
from drawplate.fixtures.waiting import NotInTime

# A failed unprepare is tried again after 10 to 15 s (kubernetes v1.37 pkg/kubelet, backOffPeriod);
# seconds, before patience.
LEAVE_SECONDS = 30.0
# What the namespace controller may take for what a killed worker left; seconds, before patience.
EMPTY_SECONDS = 60.0


def tidy(stage: Stage) -> None:
    """Delete all that the test made and restore what it changed.

    A test beside others restores nothing while they run: it waits until it has the node alone,
    and only when there is something to restore. Raises Inconclusive when something of it stays,
    SetupProblem when the driver does not come back.
    """
    site = stage.site
    # Without its node and a driver no pod can end.
    for each in stage.sites:
        put_back(each)
    uids = [one["metadata"]["uid"] for one in site.api.list("ResourceClaim", stage.namespace)]
    left = _end_pods(stage) + _delete_claims(stage)
    site.api.delete("Namespace", stage.namespace)
    left += [name for each in stage.sites for name in _held(each, uids)]
    if left or is_disordered(site, uids):
        site.lease.widen()
    for each in stage.sites:
        if each.lease.has("driver"):
            restore(each)
    if left:
        raise Inconclusive(f"the test could not be cleaned up: {', '.join(left)}")


def put_back(site: Site) -> None:
    """Bring back a node that the test took away, and a driver that is not there."""
    if site.lease.has("cluster"):
        outage.mend(site.node, site.api, site.patience)
    if not site.driver.deployment.alive:
        site.lease.widen()
        revive(site)


def revive(site: Site) -> None:
    """Start a driver that is not there, if it is not."""
    if not site.driver.deployment.alive:
        site.driver.start()
        site.driver.registers()


def restore(site: Site) -> None:
    """Deploy the driver anew unless driver, slices and CDI folders are as at first."""
    driver = site.driver
    if driver.deployment.alive and site.state.is_right() and driver.is_published():
        return
    driver.redeploy(site.state.clear)


def is_disordered(site: Site, uids: Collection[str]) -> bool:
    """Say whether driver, slices or CDI folders are not as at first.

    In company only files that name one of `uids`, the claims of the test, are certainly its own.
    """
    driver = site.driver
    if not (driver.deployment.alive and driver.is_published()):
        return True
    # Asked first: who comes later has no file yet in what is looked at now, or is waited for.
    if site.lease.company():
        return site.state.names_any(uids)
    return not site.state.is_right() and not site.lease.company()


def recover(site: Site) -> None:
    """Put a node in order whose test died with its worker; nobody uses the cluster meanwhile.

    Raises SetupProblem when the driver does not come back.
    """
    # First: with its network cut or its API server paused nothing else comes to an end.
    heal_orphans(site.cluster, silent())
    outage.mend(site.node, site.api, site.patience)
    revive(site)
    for one in site.api.list("Namespace", labels=f"{OURS}={site.run_id}"):
        site.api.delete("Namespace", one["metadata"]["name"])
        _await_gone(site, one["metadata"]["name"])
    # Nobody knows what was done to the driver last, so its state is nobody's to judge.
    site.driver.redeploy(site.state.clear)


def _await_gone(site: Site, namespace: str) -> None:
    budget = EMPTY_SECONDS * site.patience
    try:
        site.api.wait_for("Namespace", namespace, lambda left: left is None, budget)
    except NotInTime:
        for pod in site.api.list("Pod", namespace):
            site.api.delete("Pod", pod["metadata"]["name"], namespace, grace=0)


def _end_pods(stage: Stage) -> list[str]:
    """Delete the pods; give the names of those that had to be forced."""
    for made in stage.site.api.list("ReplicaSet", stage.namespace):
        # What it has made is deleted with it, by the garbage collector.
        stage.site.api.delete("ReplicaSet", made["metadata"]["name"], stage.namespace)
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


def _held(site: Site, uids: Collection[str]) -> list[str]:
    budget = LEAVE_SECONDS * site.patience
    left = [uid for uid in uids if not site.kubelet.forgets(uid, budget)]
    return [f"claim {uid} in the kubelet of {site.node.name}" for uid in left]


def _leave(stage: Stage, kind: str) -> list[str]:
    """Wait until no object of a kind is left; give the names of those that are."""
    budget = LEAVE_SECONDS * stage.site.patience
    try:
        stage.site.api.wait(kind, lambda left: not left, budget, Selection(stage.namespace))
    except NotInTime:
        return [one["metadata"]["name"] for one in stage.site.api.list(kind, stage.namespace)]
    return []

"""What a run stands on: the control plane of the bench and the cluster, found or made for it."""

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from drawplate.conformance.catalogue import Height
from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.run.offer import Offer
from drawplate.fixtures.clusters import providers
from drawplate.fixtures.clusters.disturbing.healing import heal_orphans
from drawplate.fixtures.clusters.provider import Cluster, ClusterSpec
from drawplate.fixtures.progress import Progress
from drawplate.reports.model import Cluster as ClusterRecord

COMPONENTS: Mapping[Height, tuple[str, ...]] = {
    "bench": ("kubernetes", "etcd"),
    "cluster": ("kubernetes", "etcd", "containerd", "runc", "cni"),
}
HEIGHTS: tuple[Height, ...] = ("bench", "cluster")
CGROUP_V2_MARK = Path("/sys/fs/cgroup/cgroup.controllers")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command asked for; `cluster` names one that runs already."""

    heights: frozenset[Height]
    spec: ClusterSpec = field(default_factory=ClusterSpec)
    cluster: str = ""
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """The control plane of the bench, and the cluster, as far as the run needs them."""

    bench: Cluster | None
    cluster: Cluster | None

    def records(self) -> tuple[ClusterRecord, ...]:
        """Describe both for the report."""
        found: list[tuple[Height, Cluster | None]] = [
            ("bench", self.bench),
            ("cluster", self.cluster),
        ]
        return tuple(_record(height, cluster) for height, cluster in found if cluster)


def _record(height: Height, cluster: Cluster) -> ClusterRecord:
    versions = cluster.versions
    return ClusterRecord(
        height=height,
        provider=cluster.spec.provider,
        kubernetes=versions["kubernetes"],
        gates=cluster.spec.gates,
        feature_gates=dict(cluster.spec.feature_gates),
        nodes=len(cluster.nodes) if height == "cluster" else 0,
        cgroup="v2" if CGROUP_V2_MARK.exists() else "v1",
        kernel=platform.release(),
        components={name: versions[name] for name in COMPONENTS[height] if name in versions},
    )


def _wanted(wish: Wish, run_id: str) -> dict[Height, ClusterSpec]:
    # The bench has one control plane of ours, whoever provides the cluster.
    bench = ClusterSpec(
        f"b-{run_id}",
        bench=True,
        kubernetes=wish.spec.kubernetes,
        gates=wish.spec.gates,
        feature_gates=wish.spec.feature_gates,
    )
    specs: dict[Height, ClusterSpec] = {
        "bench": bench,
        "cluster": replace(wish.spec, name=f"c-{run_id}"),
    }
    return {height: spec for height, spec in specs.items() if height in wish.heights}


def offers(wish: Wish, run_id: str) -> dict[Height, Offer]:
    """Give what the Kubernetes of each wanted height offers; raises SetupProblem."""
    if wish.cluster:
        return dict.fromkeys(wish.heights, Offer.of(_find(wish).spec))
    return {height: Offer.of(spec) for height, spec in _wanted(wish, run_id).items()}


def check_wish(wish: Wish, run_id: str) -> None:
    """Raise SetupProblem for what can be seen to be impossible before anything is begun."""
    if wish.cluster:
        _find(wish)
        return
    for spec in _wanted(wish, run_id).values():
        providers.check(spec)


@contextmanager
def prepare_ground(
    wish: Wish, run_id: str, progress: Progress, failed: Callable[[], bool]
) -> Iterator[Ground]:
    """Provide what the heights need; what was made here is removed at the end.

    The cluster that the wish says to keep stays when `failed()` is true at the end. A named
    cluster is used as it is, and is its own bench too. Raises SetupProblem when it does not exist
    or has no node for the cluster height.
    """
    if wish.cluster:
        found = _find(wish)
        heal_orphans(found, progress)
        yield Ground(*(found if height in wish.heights else None for height in HEIGHTS))
        return
    with ExitStack() as made:
        wanted = _wanted(wish, run_id).items()
        up: dict[Height, Cluster] = {}
        for height, spec in wanted:
            # A cluster that the user may want to look at afterwards must outlive this process.
            owner = None if wish.keep and not spec.bench else os.getpid()
            up[height] = providers.up(spec, progress, owner_pid=owner)
            made.callback(_end, up[height], progress, failed if owner is None else lambda: False)
        yield Ground(up.get("bench"), up.get("cluster"))


def _end(cluster: Cluster, progress: Progress, keep: Callable[[], bool]) -> None:
    if keep():
        progress.say(f"--keep-on-failure: `drawplate down {cluster.name}` removes the cluster")
    else:
        cluster.down()


def _find(wish: Wish) -> Cluster:
    found = providers.find(wish.cluster)
    if found is None:
        known = ", ".join(providers.names()) or "none"
        raise SetupProblem(
            f"there is no cluster {wish.cluster!r}",
            where="--cluster",
            cure=f"`drawplate up {wish.cluster}` makes it; clusters here: {known}",
        )
    if "bench" in wish.heights and found.spec.provider == "existing":
        raise SetupProblem(
            f"cluster {wish.cluster!r} is somebody else's: a bench would put nodes of its own there",
            where="--cluster, --height",
            cure="use --height cluster; the bench height runs on a control plane of its own",
        )
    if "cluster" in wish.heights and not found.nodes:
        raise SetupProblem(
            f"cluster {wish.cluster!r} was made with --bench and has no node",
            where="--cluster, --height",
            cure="use --height bench, or a cluster made without --bench",
        )
    return found

"""What a certification would create on a cluster, without creating it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from drawplate.conformance.drivers.place import Place, StandardFolders
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.objects import read_objects
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.clusters.existing import agent, images
from drawplate.fixtures.clusters.existing.kubeconfig import choose
from drawplate.fixtures.clusters.existing.preflight import connected
from drawplate.fixtures.clusters.existing.row import Row, of_problem
from drawplate.fixtures.clusters.provider import ClusterSpec
from drawplate.fixtures.kubeapi import APPLY, FIELD_MANAGER, ApiError, KubeApi
from drawplate.fixtures.kubewatch import Object

DRA = "resource.k8s.io/v1"


def plan_of_objects(profile: Profile, spec: ClusterSpec, nodes: Sequence[str]) -> list[Object]:
    """Give the objects that a certification on an existing cluster creates, in their order.

    Those of tests stand for all of their kind: each test has a namespace of its own, whose name
    ends in …, and pods and claims in it. Raises SetupProblem when the profile's manifests cannot
    be read.
    """
    agents = agent.intended(nodes, spec.node_access) if spec.node_access else []
    everything = [
        *agents,
        *images.intended(),
        *_classes(profile),
        *driver_objects(profile),
        *_of_a_test(),
    ]
    # The manifests may have a class that the profile has too.
    return list({title_of(entry): entry for entry in everything}.values())


def driver_objects(profile: Profile) -> list[Object]:
    """Give the objects of the profile's manifests, none without manifests. Raises SetupProblem."""
    if profile.deploy.manifests is None:
        return []
    place = Place.on(StandardFolders(), kubeconfig=Path("/dev/null"), node_name="")
    values = place.values(profile.driver.name)
    return read_objects(profile.deploy.manifests, profile.folder, values)


def title_of(entry: Object) -> str:
    """Give an object as "Kind name" or "Kind namespace/name"."""
    meta = entry["metadata"]
    name = meta.get("name") or f"{meta.get('generateName', '')}…"
    return (
        f"{entry['kind']} {meta['namespace']}/{name}"
        if "namespace" in meta
        else (f"{entry['kind']} {name}")
    )


def examine_profile(profile: Profile, spec: ClusterSpec) -> Iterator[Row]:
    """Say whether the cluster would take the driver's objects, by a dry run of each."""
    try:
        objects = [*_classes(profile), *driver_objects(profile)]
        if profile.deploy.manifests is None:
            yield Row(
                "manifests",
                "fail",
                "the profile has none, and a process cannot be started on nodes that are not ours",
                "give it deploy.manifests",
            )
            return
        with connected(choose(spec.kubeconfig, spec.context)) as api:
            made = {one["metadata"]["name"] for one in objects if one["kind"] == "Namespace"}
            for entry in objects:
                yield _try(api, entry, made)
    except SetupProblem as problem:
        yield of_problem("manifests", problem)


def _try(api: KubeApi, entry: Object, made: set[str]) -> Row:
    title = title_of(entry)
    meta = entry["metadata"]
    kind = f"{entry['apiVersion']}/{entry['kind']}"
    try:
        there = api.find(kind, meta["name"], meta.get("namespace", ""))
        if there is not None and entry["kind"] != "Namespace":
            cure = "remove the driver that is installed there, or certify it on another cluster"
            return Row("object", "fail", f"{title} is there already", cure)
        if meta.get("namespace") in made:
            # Its namespace is not there yet, so that the server refuses even to try.
            return Row("object", "ok", f"{title}: not tried, as its namespace is made first")
        found = api.kinds.find(entry["kind"], entry["apiVersion"])
        query = {"fieldManager": FIELD_MANAGER, "dryRun": "All", "force": "true"}
        path = found.path(meta.get("namespace", ""), meta["name"])
        api.request("PATCH", path, entry, query=query, headers={"Content-Type": APPLY})
    except (ApiError, LookupError) as error:
        reason = getattr(error, "text", "") or str(error)
        return Row("object", "fail", f"{title}: {reason}", "correct it, or have the rights granted")
    return Row("object", "ok", f"{title} would be taken")


def _classes(profile: Profile) -> list[Object]:
    return [
        {"apiVersion": DRA, "kind": "DeviceClass", "metadata": {"name": one.name}, "spec": one.spec}
        for one in profile.classes
    ]


def _of_a_test() -> list[Object]:
    namespace = "drawplate-…"
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "drawplate-"}},
        *(
            {"apiVersion": version, "kind": kind, "metadata": {"name": "…", "namespace": namespace}}
            for version, kind in (
                (DRA, "ResourceClaim"),
                (DRA, "ResourceClaimTemplate"),
                ("v1", "Pod"),
            )
        ),
    ]

"""The stage of a cluster test: a namespace, claims and pods in it, the node, and the driver."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from drawplate.conformance.cluster import objects
from drawplate.conformance.cluster.claim import Claim
from drawplate.conformance.cluster.noderights import NodeRights, own_api
from drawplate.conformance.cluster.objects import Use, Wanted
from drawplate.conformance.cluster.pod import MAIN, Pod, Surroundings
from drawplate.conformance.cluster.replicas import Replicas
from drawplate.conformance.cluster.selection import RareDevice, rare_device
from drawplate.conformance.cluster.site import Site
from drawplate.conformance.cluster.stagenode import StageNode
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.profile.claims import ConfigCase, Need
from drawplate.fixtures.kubeapi import ApiError
from drawplate.fixtures.waiting import NotInTime

Object = dict[str, Any]

# kubernetes v1.37 plugin/pkg/admission/serviceaccount: no pod is taken before the namespace has
# its default account; seconds, before patience.
ACCOUNT_SECONDS = 20.0
TIDYING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Template:
    """A ResourceClaimTemplate by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a claim, for a container that lists that request only."""

    claim: Claim | Template
    request: str


Usable = Claim | Template | Part
Others = Callable[[], Sequence[Site]]


def set_stage(site: Site, test: str, others: Others = tuple) -> "Stage":
    """Make the stage of a test, with a namespace that carries its name.

    `others` gives the sites of the other nodes, and is called only by tests that use them.
    """
    words = re.sub("[^a-z0-9]+", "-", test.removeprefix("test_").lower()).strip("-")
    wanted = objects.namespace(f"drawplate-{words[:40]}-", site.run_id, site.lease.number)
    made = site.api.create(wanted)
    name = str(made["metadata"]["name"])
    budget = ACCOUNT_SECONDS * site.patience
    try:
        site.api.wait_for("ServiceAccount", "default", bool, budget, name)
    except NotInTime as late:
        raise Inconclusive(f"the cluster makes no account for a new namespace: {late}") from late
    return Stage(site, name, others)


class Stage:
    """What one test stands on. Everything that it creates is in `namespace`."""

    def __init__(self, site: Site, namespace: str, others: Others = tuple) -> None:
        """Take a namespace that exists, and as `others` what `set_stage` does."""
        self.site = site
        self.namespace = namespace
        self.profile = site.profile
        self.driver = site.driver
        self.node = StageNode(site)
        self._nodes: tuple[StageNode, ...] = (self.node,)
        self.pods: list[Pod] = []
        self.sites: tuple[Site, ...] = (site,)
        self._others = others
        self._count = 0
        self._templates: dict[str, Sequence[Need]] = {}

    # Creating.

    def claim(self, *needs: Need, selector: str = "", config: ConfigCase | None = None) -> Claim:
        """Create a claim with one request for each need, "one" if none is given.

        Raises Inconclusive when the driver cannot serve a need, or the API server (a webhook of
        the driver, for example) refuses the claim.
        """
        if selector:
            self.site.lease.require("devices", "chooses a device")
        self._use(needs or ("one",))
        spec = objects.claim_spec(self.profile, Wanted(needs or ("one",), selector, config))
        made = self._create(objects.claim(self._name("claim"), self.namespace, spec))
        return self._claim(made["metadata"]["name"])

    def template(self, *needs: Need) -> Template:
        """Create a claim template; each pod that names it gets a claim of its own."""
        spec = objects.claim_spec(self.profile, Wanted(needs or ("one",)))
        made = self._create(objects.template(self._name("template"), self.namespace, spec))
        template = Template(made["metadata"]["name"])
        self._templates[template.name] = needs or ("one",)
        return template

    def pod(
        self,
        *claims: Claim | Template,
        containers: Mapping[str, Sequence[Usable]] | None = None,
        init: Mapping[str, Sequence[Usable]] | None = None,
        on: Sequence[StageNode] = (),
    ) -> Pod:
        """Create a pod with these claims; without `containers` it has one that lists them all.

        It may run on the nodes `on`, without them on the stage's own.
        """
        for claim in claims:
            self._use(self._templates.get(claim.name, ()))
        wanted = {MAIN: claims} if containers is None else containers
        spec = objects.PodSpec(
            [node.name for node in on or (self.node,)],
            [_pod_claim(claim) for claim in claims],
            [objects.container(name, map(_use, uses)) for name, uses in wanted.items()],
            [
                objects.container(name, map(_use, uses), hold=False)
                for name, uses in (init or {}).items()
            ],
            self.site.cluster.spec.probe_image,
        )
        made = self._create(objects.pod(self._name("pod"), self.namespace, spec))
        pod = Pod(self._surroundings(), made)
        self.pods.append(pod)
        return pod

    def running(self, *claims: Claim | Template, on: Sequence[StageNode] = ()) -> Pod:
        """Create a pod and wait until it runs, as a premise. Raises Inconclusive."""
        return self.pod(*claims, on=on).running()

    def replicas(self, template: Template, on: Sequence[StageNode]) -> Replicas:
        """Create a ReplicaSet that keeps one pod with a claim of its own on one of the nodes."""
        self._use(self._templates[template.name])
        spec = objects.PodSpec(
            [node.name for node in on],
            [_pod_claim(template)],
            [objects.container(MAIN, [_use(template)])],
            image=self.site.cluster.spec.probe_image,
        )
        made = self._create(objects.replicas(self._name("replicas"), self.namespace, spec))
        return Replicas(self._surroundings(), made)

    # Nodes.

    @property
    def nodes(self) -> Sequence[StageNode]:
        """Give the nodes that the driver is on, the stage's own first.

        Raises SuiteError when the test does not have the cluster alone, and Inconclusive when
        there is no other node.
        """
        self.site.lease.require("cluster", "uses several nodes")
        if len(self.sites) == 1:
            self.sites += tuple(self._others())
            self._nodes += tuple(StageNode(site) for site in self.sites[1:])
        if len(self.sites) == 1:
            raise Inconclusive("the driver is on one node of the cluster only")
        return self._nodes

    def expendable_node(self) -> StageNode:
        """Give a node that the cluster can do without for a while. Raises Inconclusive."""
        found = [node for node in self.nodes if not node.is_control_plane]
        if not found:
            raise Inconclusive("all nodes of the driver are needed for the control plane")
        return found[-1]

    def roll(self) -> None:
        """Replace the driver on all nodes as an update does; `driver.registers` of each waits."""
        before = {node.name: node.driver.deployment.instance for node in self.nodes}
        for node in self.nodes:
            node.driver.expect_new_instance()
        for node in self.nodes:
            # By a DaemonSet the driver is replaced everywhere at once.
            if node.driver.deployment.instance == before[node.name]:
                node.driver.deployment.roll()

    @contextmanager
    def rights_on(self, node: StageNode) -> Iterator[NodeRights]:
        """Speak to the API server with the token of the driver on a node. Raises Inconclusive."""
        site = next(one for one in self.sites if one.node.name == node.name)
        with own_api(site) as api:
            yield NodeRights(api, self.profile.driver.name)

    def node_of(self, pod: Pod) -> StageNode:
        """Give the node that a pod is on. Raises Inconclusive when it is on none of `nodes`."""
        found = [node for node in self.nodes if node.name == pod.node]
        if not found:
            raise Inconclusive(f"the pod is on none of the driver's nodes: {pod.story()}")
        return found[0]

    # Looking.

    def claim_of(self, pod: Pod, template: Template) -> Claim:
        """Give the claim that a pod got from a template. Raises Inconclusive."""
        status = (pod.object() or {}).get("status", {})
        for entry in status.get("resourceClaimStatuses", ()):
            if entry["name"] == template.name and entry.get("resourceClaimName"):
                return self._claim(entry["resourceClaimName"])
        raise Inconclusive(f"pod {pod.name} got no claim from template {template.name}")

    def expected(self, claim: Claim, request: str = "") -> frozenset[str]:
        """Give what must show in a container with the claim, or with one request of it."""
        return claim.expected(self.profile, self.driver.slices, request)

    def surplus(self) -> list[str]:
        """Give the CDI files that are not as they were before the test."""
        self.site.lease.require("driver", "takes every new CDI file for its own")
        return self.site.state.surplus()

    def widest_need(self) -> Need:
        """Give the need whose claim uses most devices: a later claim for it must use them again."""
        return "all" if self.profile.request("all") else "one"

    def shows_attributes(self) -> bool:
        """Say whether containers show attributes of devices, which differ from node to node."""
        return all("{attribute:" in mark.shows for mark in self.profile.observe.marks)

    def rare_device(self) -> RareDevice:
        """Give a device that a CEL expression can select alone. Raises Inconclusive."""
        return rare_device(self.driver.slices.content(), self.profile.driver.name)

    def published(self) -> frozenset[tuple[str, str]]:
        """Give pool and name of every device that the driver published at first."""
        return self.node.published()

    # Premises; each raises Inconclusive when it does not come about.

    def unplug(self) -> None:
        """Take a device away and wait until the slices show it."""
        before = len(self.published())
        self.driver.pull("unplug")
        if self.driver.slices.settled_count(below=before, within=self.driver.budget) >= before:
            raise Inconclusive("a device was unplugged, but is still published")

    def require_published(self) -> None:
        """Wait until the driver publishes its devices."""
        if not self.driver.publishes():
            raise Inconclusive("the driver does not publish its devices again")

    def require_no_room(self, pod: Pod) -> None:
        """Wait until the scheduler finds no device for a pod."""
        if not pod.unschedulable():
            raise Inconclusive(f"the pod should wait for a device: {pod.story()}")

    def let_time_pass(self) -> None:
        """Wait as long as a driver needs to show that it tidies up behind a started container."""
        # Nothing is expected to happen, so there is nothing to watch for.
        time.sleep(TIDYING_SECONDS)

    def _use(self, needs: Sequence[Need]) -> None:
        """Hold the test to the number of devices that it said it has at most."""
        for need in needs:
            request = self.profile.request(need)
            devices = request.expect.devices if request else 0
            if devices == "all":
                self.site.lease.require("devices", "claims all devices")
            else:
                self.site.lease.use(1 if need == "one" else devices)

    def _surroundings(self) -> Surroundings:
        site = self.site
        nodes = {node.name: node for node in site.cluster.nodes}
        return Surroundings(site.api, site.node, site.profile, site.patience, site.sync, nodes)

    def _claim(self, name: str) -> Claim:
        return Claim(self.site.api, self.namespace, name, self.site.patience)

    def _create(self, wanted: Object) -> Object:
        try:
            return self.site.api.create(wanted)
        except ApiError as error:
            raise Inconclusive(f"the API server refuses a {wanted['kind']}: {error}") from error

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"


def _pod_claim(claim: Claim | Template) -> Object:
    key = "resourceClaimName" if isinstance(claim, Claim) else "resourceClaimTemplateName"
    return {"name": claim.name, key: claim.name}


def _use(used: Usable) -> Use:
    if isinstance(used, Part):
        return Use(used.claim.name, used.request)
    return Use(used.name)

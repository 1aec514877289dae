"""The stage of a cluster test: a namespace, claims and pods in it, the node, and the driver."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drawplate.conformance.cluster import objects
from drawplate.conformance.cluster.claim import Claim
from drawplate.conformance.cluster.objects import Use, Wanted
from drawplate.conformance.cluster.pod import MAIN, Pod, Surroundings
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


def set_stage(site: Site, test: str) -> "Stage":
    """Make the stage of a test, with a namespace that carries its name."""
    words = re.sub("[^a-z0-9]+", "-", test.removeprefix("test_").lower()).strip("-")
    wanted = objects.namespace(f"drawplate-{words[:40]}-", site.run_id, site.lease.number)
    made = site.api.create(wanted)
    name = str(made["metadata"]["name"])
    budget = ACCOUNT_SECONDS * site.patience
    try:
        site.api.wait_for("ServiceAccount", "default", bool, budget, name)
    except NotInTime as late:
        raise Inconclusive(f"the cluster makes no account for a new namespace: {late}") from late
    return Stage(site, name)


class Stage:
    """What one test stands on. Everything that it creates is in `namespace`."""

    def __init__(self, site: Site, namespace: str) -> None:
        """Take a namespace that exists."""
        self.site = site
        self.namespace = namespace
        self.profile = site.profile
        self.driver = site.driver
        self.node = StageNode(site)
        self.pods: list[Pod] = []
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
    ) -> Pod:
        """Create a pod with these claims; without `containers` it has one that lists them all."""
        for claim in claims:
            self._use(self._templates.get(claim.name, ()))
        wanted = {MAIN: claims} if containers is None else containers
        spec = objects.PodSpec(
            self.site.node.name,
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

    def running(self, *claims: Claim | Template) -> Pod:
        """Create a pod and wait until it runs, as a premise. Raises Inconclusive."""
        return self.pod(*claims).running()

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

    def rare_device(self) -> RareDevice:
        """Give a device that a CEL expression can select alone. Raises Inconclusive."""
        return rare_device(self.driver.slices.content(), self.profile.driver.name)

    def published(self) -> frozenset[tuple[str, str]]:
        """Give pool and name of every device that the driver published at first."""
        pools = self.driver.published.items()
        return frozenset((pool, name) for pool, held in pools for name in held["devices"])

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
        return Surroundings(site.api, site.node, site.profile, site.patience, site.sync)

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

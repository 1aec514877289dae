"""The stage on a real cluster: what it shows, what it mends, and what it keeps as evidence."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drawplate.conformance.cluster.evidence import ComponentLogs, gather
from drawplate.conformance.cluster.opening import Order, open_site
from drawplate.conformance.cluster.site import Site
from drawplate.conformance.cluster.stage import Stage, set_stage
from drawplate.conformance.cluster.tidy import tidy
from drawplate.conformance.selftest.cluster.ways import profile_of
from drawplate.fixtures.clusters.provider import Cluster

pytestmark = [pytest.mark.root, pytest.mark.slow]


@pytest.fixture(scope="module", params=["process", "manifests"])
def site(
    request: pytest.FixtureRequest,
    running_cluster: Cluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    order = Order(profile_of(request.param), running_cluster, tmp_path_factory.mktemp("s"), "self")
    with open_site(order) as opened:
        yield opened


@pytest.fixture
def make_stage(site: Site, request: pytest.FixtureRequest) -> Callable[[], Stage]:
    return lambda: set_stage(site, request.node.name)


def test_pod_shows_what_its_claim_was_given(make_stage: Callable[[], Stage]) -> None:
    stage = make_stage()
    claim = stage.claim(selector=stage.rare_device().selector)
    pod = stage.running(claim)

    assert pod.showing() == stage.expected(claim)
    assert claim.devices() == {(stage.rare_device().pool, stage.rare_device().device)}
    assert stage.surplus(), "a prepared claim shows in the CDI folder"
    tidy(stage)
    assert pod.object() is None
    assert stage.surplus() == []


def test_disorder_is_mended(site: Site, make_stage: Callable[[], Stage]) -> None:
    stage = make_stage()
    stage.running(stage.claim())
    stage.driver.kill()
    stray = site.node.path("/var/run/cdi") / "stray.json"
    stray.write_text("{}")

    tidy(stage)

    assert site.driver.deployment.alive
    assert site.driver.is_published()
    assert not stray.exists()
    assert site.kubelet.claims() == frozenset()
    following = make_stage()
    assert following.pod(following.claim()).runs()
    tidy(following)


def test_killed_driver_stays_away_until_it_is_started(site: Site) -> None:
    before = site.kubelet.sockets()

    site.driver.kill()

    assert not site.driver.deployment.alive
    assert site.kubelet.sockets() == before, "a crash leaves its sockets behind"
    site.driver.start()
    assert site.driver.registers()
    assert set(site.kubelet.sockets()) == set(before)
    assert site.kubelet.sockets() != before


def test_hardware_that_a_test_changed_is_put_back(
    site: Site, make_stage: Callable[[], Stage]
) -> None:
    stage = make_stage()
    stage.unplug()

    tidy(stage)

    assert len(stage.published()) == site.profile.hardware.devices
    assert site.driver.is_published()


def test_evidence_tells_what_happened(
    site: Site, make_stage: Callable[[], Stage], tmp_path: Path
) -> None:
    logs = ComponentLogs(site.cluster)
    logs.mark()
    site.driver.mark()
    stage = make_stage()
    claim = stage.claim()
    pod = stage.running(claim)
    assert pod.restarts()
    pod.showing()

    gather(stage, logs, tmp_path)

    (told,) = json.loads((tmp_path / "pods.json").read_text())
    assert told["metadata"]["uid"] == pod.uid
    assert json.loads((tmp_path / "kubelet-claims.json").read_text()) == [claim.uid]
    assert claim.uid in (tmp_path / "driver.log").read_text()
    for name in (f"{pod.name}.main.json", f"{pod.name}.main.before.json"):
        assert json.loads((tmp_path / name).read_text())["environment"]
    assert list((tmp_path / "cdi").iterdir())
    assert pod.uid in (tmp_path / "kubelet.log").read_text()
    tidy(stage)

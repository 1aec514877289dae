"""What a driver says of itself when the kubelet asks."""

import re
from pathlib import Path

from drawplate.conformance.bench import versions
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.bench.versions import PREPARE
from drawplate.conformance.covers import covers
from drawplate.conformance.problems import Inconclusive

DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# KL pkg/apis/dra: from the newest to the oldest that a kubelet of 1.34 to 1.37 knows.
NEWEST_FIRST = ["v1.DRAPlugin", "v1beta1.DRAPlugin"]


@covers("REG-01")
def test_driver_serves_a_registration_socket(bench: Stage) -> None:
    sockets = bench.greeted()

    assert sockets, f"no socket answered in {bench.node.paths.registry}"


@covers("REG-02")
def test_plugin_type_is_dra_plugin(bench: Stage) -> None:
    info = bench.info()

    assert info.type == "DRAPlugin", f"type is {info.type!r}"


@covers("REG-03")
def test_name_is_that_of_the_slices(bench: Stage) -> None:
    name = bench.info().name

    assert name == bench.profile.driver.name, f"GetInfo gives the name {name!r}"
    assert len(name) <= 63
    assert DNS_SUBDOMAIN.fullmatch(name), f"{name!r} is not a DNS subdomain"


@covers("REG-04")
def test_get_info_answers_within_a_second(bench: Stage) -> None:
    if not bench.greeted():
        raise Inconclusive("no registration socket answered at all")
    slow = [one.reason for one in bench.kubelet.registry.refusals if one.step == "GetInfo"]

    assert bench.answered_get_info(), f"GetInfo never answered in time: {slow}"


@covers("REG-05")
def test_endpoint_serves(bench: Stage) -> None:
    info = bench.info()
    endpoint = info.endpoint

    assert not endpoint or Path(endpoint).is_absolute(), f"endpoint {endpoint!r} is relative"
    bench.kubelet.registered(budget=bench.budget)
    reply = bench.kubelet.call(PREPARE, [])
    assert reply.status != "UNAVAILABLE", f"nobody answers on {endpoint!r}: {reply.error}"


@covers("REG-06")
def test_a_known_version_is_offered(bench: Stage) -> None:
    offered = list(bench.info().supported_versions)

    assert set(offered) & set(versions.SERVICES), f"the driver offers {offered}"


@covers("REG-07")
def test_versions_are_listed_newest_first(bench: Stage) -> None:
    offered = [name for name in bench.info().supported_versions if name in NEWEST_FIRST]

    assert offered == sorted(offered, key=NEWEST_FIRST.index), f"the driver lists {offered}"


@covers("REG-09")
def test_every_listed_version_is_served(bench: Stage) -> None:
    listed = [name for name in bench.info().supported_versions if name in versions.SERVICES]
    bench.ready()

    replies = {name: bench.kubelet.call(PREPARE, [], version=name) for name in listed}

    unserved = [name for name, reply in replies.items() if reply.status == "UNIMPLEMENTED"]
    assert not unserved, f"listed but not served: {unserved}"

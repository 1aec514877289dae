"""The metadata servers: whom they answer, what, and how faults show."""

import json
import threading

from drawplate.emulators.nic import identity
from drawplate.emulators.state.change import CallRule
from drawplate.emulators.tests.metadata.cloud import Clouds


def test_google_refuses_without_its_header(clouds: Clouds) -> None:
    cloud = clouds("tpu-v5e-8")
    assert cloud.ask("/computeMetadata/v1/instance/name").status == 403
    forwarded = {"Metadata_Flavor": "Google", "X_Forwarded_For": "10.0.0.1"}
    assert cloud.ask("/computeMetadata/v1/instance/name", **forwarded).status == 403


def test_google_shows_itself_by_a_header_on_every_answer(clouds: Clouds) -> None:
    cloud = clouds("tpu-v5e-8")
    answers = [cloud.ask("/"), cloud.ask("/nothing"), cloud.google("instance/name")]
    assert {reply.headers["Metadata-Flavor"] for reply in answers} == {"Google"}


def test_google_lists_folders_and_leads_to_them(clouds: Clouds) -> None:
    cloud = clouds("tpu-v5e-8")
    listed = cloud.google("instance/").text.splitlines()
    assert {"attributes/", "machine-type", "network-interfaces/", "maintenance-event"} <= {*listed}
    lacking = cloud.google("instance/network-interfaces")
    assert (lacking.status, lacking.headers["Location"]) == (
        301,
        "/computeMetadata/v1/instance/network-interfaces/",
    )


def test_google_gives_everything_below_as_json_with_json_s_names(clouds: Clouds) -> None:
    cloud = clouds("tpu-v7x")
    found = json.loads(cloud.google("instance/network-interfaces/?recursive=true&alt=json").text)
    cards = cloud.state.devices("nic")
    assert [one["mac"] for one in found] == [identity.permanent_mac(card.spec) for card in cards]
    assert found[0]["mtu"] == 1500
    whole = json.loads(cloud.google("?recursive=true").text)
    assert whole["instance"]["machineType"].endswith("/machineTypes/tpu7x-standard-4t")


def test_google_gives_values_as_text_and_as_json(clouds: Clouds) -> None:
    cloud = clouds("tpu-v5e-8", node="tpu-0")
    assert cloud.google("instance/name").text == "tpu-0"
    assert cloud.google("instance/name?alt=json").text == '"tpu-0"'
    assert "name tpu-0\n" in cloud.google("instance/?recursive=true&alt=text").text
    assert cloud.google("instance/nothing").status == 404


def test_google_wakes_who_waits_for_a_maintenance(clouds: Clouds) -> None:
    cloud = clouds("tpu-v5e-8")
    before = cloud.google("instance/maintenance-event")
    query = f"wait_for_change=true&timeout_sec=20&last_etag={before.headers['ETag']}"
    seen: list[str] = []
    waiting = threading.Thread(
        target=lambda: seen.append(cloud.google(f"instance/maintenance-event?{query}").text)
    )
    waiting.start()
    with cloud.state.change("test") as change:
        change.set("node", "cloud.maintenance", "TERMINATE_ON_HOST_MAINTENANCE")
    waiting.join(20)
    assert seen == ["TERMINATE_ON_HOST_MAINTENANCE"]


def test_a_wait_for_a_change_ends_at_its_time(clouds: Clouds) -> None:
    cloud = clouds("tpu-v5e-8")
    waited = cloud.google("instance/maintenance-event?wait_for_change=true&timeout_sec=0.01")
    assert waited.text == "NONE"


def test_attributes_can_be_other_than_they_should_or_missing(clouds: Clouds) -> None:
    cloud = clouds("tpu-v5e-8")
    with cloud.state.change("test") as change:
        change.set("node", "cloud.attributes", {"accelerator-type": "v6e-4", "tpu-env": None})
    assert cloud.google("instance/attributes/accelerator-type").text == "v6e-4"
    assert cloud.google("instance/attributes/tpu-env").status == 404


def test_rules_give_errors_and_delays_as_often_as_they_say(clouds: Clouds) -> None:
    cloud = clouds("tpu-v5e-8")
    path = "/computeMetadata/v1/instance/attributes/*"
    with cloud.state.change("test") as change:
        change.add_rule(CallRule("f1", "metadata", path, result="503", after=1, count=2))
        change.add_rule(CallRule("f2", "metadata", "*/name", delay_ms=1))
    asked = [cloud.google("instance/attributes/accelerator-type").status for _ in range(4)]
    assert asked == [200, 503, 503, 200]
    assert cloud.google("instance/name").status == 200
    with cloud.state.change("test") as change:
        change.remove_rules("f1")
    assert cloud.google("instance/attributes/accelerator-type").status == 200


def test_amazon_wants_a_token_first(clouds: Clouds) -> None:
    cloud = clouds("nic-2xcx7", provider="aws")
    assert cloud.ask("/latest/meta-data/instance-type").status == 401
    seconds = {"X_aws_ec2_metadata_token_ttl_seconds": "60"}
    token = cloud.ask("/latest/api/token", "PUT", **seconds).text
    macs = cloud.ask(
        "/latest/meta-data/network/interfaces/macs/", X_aws_ec2_metadata_token=token
    ).text
    cards = [one for one in cloud.state.devices("nic") if one.spec.parent is None]
    assert macs.splitlines() == [f"{identity.permanent_mac(card.spec)}/" for card in cards]


def test_azure_wants_its_header_and_a_version(clouds: Clouds) -> None:
    cloud = clouds("nic-2xcx7", provider="azure")
    path = "/metadata/instance/network"
    assert cloud.ask(path).status == 400
    assert cloud.ask(path, Metadata="true").status == 400
    found = json.loads(cloud.ask(f"{path}?api-version=2025-11-11", Metadata="true").text)
    card = cloud.state.device("nic0").spec
    mac = identity.permanent_mac(card).replace(":", "").upper()
    assert found["interface"][0]["macAddress"] == mac
    text = cloud.ask("/metadata/instance?api-version=2025-11-11&format=text", Metadata="true")
    assert text.text == "compute/\nnetwork/"


def test_oracle_tells_where_the_host_is(clouds: Clouds) -> None:
    cloud = clouds("nic-2xcx7", provider="oci")
    assert cloud.ask("/opc/v2/host/").status == 403
    host = json.loads(cloud.ask("/opc/v2/host/", Authorization="Bearer Oracle").text)
    island = host["rdmaTopologyData"]["customerHPCIslandId"]
    assert island.startswith("ocid1.")
    assert len(island.rpartition(".")[2]) == 60


def test_a_node_in_no_cloud_is_told_nothing(clouds: Clouds) -> None:
    cloud = clouds("nic-2xcx7")
    assert cloud.google("instance/name").status == 404

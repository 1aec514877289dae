"""Google's own Go client of the metadata server, unmodified."""

import json
import os
import subprocess

import pytest

from drawplate.emulators.tests.metadata.cloud import Cloud, Clouds

pytestmark = pytest.mark.slow


def environment(cloud: Cloud) -> dict[str, str]:
    return {**os.environ, "GCE_METADATA_HOST": f"{cloud.host}:{cloud.port}"}


def test_it_finds_the_instance_its_attributes_and_interfaces(clouds: Clouds, reader: str) -> None:
    cloud = clouds("tpu-v7x", node="tpu-0")
    told = subprocess.run([reader], env=environment(cloud), check=True, capture_output=True)
    seen = json.loads(told.stdout)
    assert seen["on_gce"] is True
    assert seen["undefined"] is True
    assert (seen["name"], seen["project"], seen["zone"]) == ("tpu-0", "drawplate", "us-central1-c")
    assert seen["accelerator-type"] == "tpu7x-8"
    assert "TOPOLOGY: '2x2x1'\n" in seen["tpu-env"] + "\n"
    assert "cloud.google.com/gke-tpu-accelerator=tpu7x" in seen["kube-labels"]
    assert {"tpu-env", "worker-network-endpoints"} <= set(seen["attributes"])
    interfaces = json.loads(seen["interfaces"])
    assert len(interfaces) == 2
    assert seen["ip"] == interfaces[0]["ip"]


def test_its_subscription_hears_of_a_maintenance(clouds: Clouds, reader: str) -> None:
    cloud = clouds("tpu-v5e-8")
    with subprocess.Popen(
        [reader, "watch"], env=environment(cloud), stdout=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline() == "NONE\n"
        with cloud.state.change("test") as change:
            change.set("node", "cloud.maintenance", "TERMINATE_ON_HOST_MAINTENANCE")
        assert watching.stdout.readline() == "TERMINATE_ON_HOST_MAINTENANCE\n"
        assert watching.wait(20) == 0

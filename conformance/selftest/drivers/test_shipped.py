"""The shipped profiles run their drivers: real API server, real identity, real allocation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.paths import BenchPaths
from drawplate.conformance.drivers.binaries import ensure_binaries
from drawplate.conformance.drivers.hardware import BenchHardware, machine_of
from drawplate.conformance.drivers.identity import grant_access, issue_credentials
from drawplate.conformance.drivers.levers import pull
from drawplate.conformance.drivers.place import Place
from drawplate.conformance.drivers.process import DriverProcess
from drawplate.conformance.profile.load import load, shipped
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.observation import expected_identities, identities
from drawplate.fixtures.kubeapi import ApiError, KubeApi
from drawplate.fixtures.progress import silent

pytestmark = pytest.mark.slow

BUDGET = 60.0
NAMES = sorted(name for name in shipped() if load(name).deploy.process)


@dataclass(frozen=True, slots=True)
class Stage:
    """A running driver with all that surrounds it."""

    profile: Profile
    place: Place
    folders: BenchPaths
    driver: DriverProcess
    api: KubeApi

    def slices(self, count: int) -> list[dict[str, Any]]:
        """Wait until the driver publishes `count` devices on its node; give its slices."""
        return self.until(lambda devices: len(devices) == count)

    def until(self, met: Callable[[list[Any]], bool]) -> list[dict[str, Any]]:
        """Wait until the devices that the driver publishes on its node are so; give its slices."""
        name, node = self.profile.driver.name, self.place.node_name

        def own(items: Any) -> list[dict[str, Any]]:
            return [
                item
                for item in items
                if item["spec"]["driver"] == name and item["spec"].get("nodeName") == node
            ]

        def complete(items: Any) -> bool:
            self.driver.require_alive()
            return met(_devices(own(items)))

        return own(self.api.wait("ResourceSlice", complete, BUDGET))

    def allocated_claim(self, result: dict[str, Any]) -> dict[str, Any]:
        """Make a claim that has this allocation result."""
        claim = self.api.create(
            {
                "apiVersion": "resource.k8s.io/v1",
                "kind": "ResourceClaim",
                "metadata": {"generateName": "selftest.claim-", "namespace": "default"},
                "spec": {
                    "devices": {
                        "requests": [
                            {
                                "name": "req-1",
                                "exactly": {"deviceClassName": self.profile.classes[0].name},
                            }
                        ]
                    }
                },
            }
        )
        allocation = {"allocation": {"devices": {"results": [{"request": "req-1"} | result]}}}
        name = claim["metadata"]["name"]
        return self.api.patch_status("ResourceClaim", name, allocation, "default")


def _devices(slices: list[dict[str, Any]]) -> list[Any]:
    return [device for item in slices for device in item["spec"].get("devices", ())]


@pytest.fixture
def stage(request: pytest.FixtureRequest, api: KubeApi, tmp_path: Path) -> Iterator[Stage]:
    profile = load(request.param)
    node = f"node-of-{profile.title.replace('@', '-')}"
    api.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}})
    binaries = ensure_binaries(profile, silent())
    folders = BenchPaths.create()
    place = Place.on(folders, kubeconfig=tmp_path / "kubeconfig", node_name=node, binaries=binaries)
    grant_access(profile, api, place.values(profile.driver.name))
    issue_credentials(profile, api, node, place.kubeconfig)
    machine = machine_of(profile)
    hardware = machine and BenchHardware(machine, folders.hardware_state, node, folders.cdi_dynamic)
    log = tmp_path / "driver.log"
    with DriverProcess(profile, place, log=log, hardware=hardware or None) as driver:
        yield Stage(profile, place, folders, driver, api)
    if hardware:
        hardware.close()
    folders.remove()


every_profile = pytest.mark.parametrize("stage", NAMES, indirect=True)


@every_profile
def test_driver_publishes_the_declared_devices_with_its_own_rights(stage: Stage) -> None:
    assert stage.profile.hardware.devices

    assert stage.slices(stage.profile.hardware.devices)


@every_profile
def test_drivers_rights_end_at_its_node(stage: Stage) -> None:
    stage.slices(stage.profile.hardware.devices or 0)
    own = KubeApi(stage.place.kubeconfig)
    foreign = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"generateName": "selftest-"},
        "spec": {
            "driver": stage.profile.driver.name,
            "nodeName": "another",
            "pool": {"name": "another", "generation": 1, "resourceSliceCount": 1},
        },
    }

    with pytest.raises(ApiError, match="another") as caught:
        own.create(foreign)

    own.close()
    assert caught.value.code in {403, 422}


@every_profile
def test_prepared_device_shows_the_expected_identity(stage: Stage) -> None:
    slices = stage.slices(stage.profile.hardware.devices or 0)
    spec = slices[0]["spec"]
    result = {
        "driver": spec["driver"],
        "pool": spec["pool"]["name"],
        "device": spec["devices"][1]["name"],
    }
    claim = stage.allocated_claim(result)
    kubelet = Kubelet(stage.folders, driver=stage.profile.driver.name)
    kubelet.start()
    try:
        registration = kubelet.registered()
        prepared = kubelet.prepare(claim)
        ids = [name for device in prepared.devices for name in device.cdi_ids]
        seen = identities(stage.profile, kubelet.cdi.inject(ids))
    finally:
        kubelet.stop()

    expected = expected_identities(
        stage.profile,
        slices,
        claim["status"]["allocation"]["devices"]["results"],
        claim=claim["metadata"]["name"],
    )
    assert expected
    assert seen == expected
    declared = stage.profile.capabilities.dra_versions or ()
    offered = [f"{version}.DRAPlugin" for version in declared]
    assert [entry for entry in registration.versions if "DRAPlugin" in entry] == offered


@pytest.mark.parametrize("stage", ["reference"], indirect=True)
def test_levers_of_the_reference_change_what_is_published(stage: Stage) -> None:
    first = stage.slices(8)

    fewer = pull(stage.driver, "unplug")
    assert fewer == 7
    stage.slices(fewer)

    again = pull(stage.driver, "replug")
    assert again == 8
    # A GPU is there before all of its files in /sys are, as after a real hot-plug.
    stage.until(lambda devices: devices == _devices(first))


@pytest.mark.root
@pytest.mark.parametrize("stage", ["upstream-test-driver@metadata"], indirect=True)
def test_metadata_variant_writes_only_into_the_replaced_folder(stage: Stage) -> None:
    slices = stage.slices(4)
    spec = slices[0]["spec"]
    before = set(Path("/var/run/cdi").glob("*")) if Path("/var/run/cdi").exists() else set()
    claim = stage.allocated_claim(
        {"driver": spec["driver"], "pool": spec["pool"]["name"], "device": "device-00"}
    )
    kubelet = Kubelet(stage.folders, driver=stage.profile.driver.name)
    kubelet.start()
    try:
        kubelet.registered()
        prepared = kubelet.prepare(claim)
        ids = [name for device in prepared.devices for name in device.cdi_ids]
        edits = kubelet.cdi.inject(ids)
    finally:
        kubelet.stop()

    mounted = [mount.container_path for mount in edits.mounts]
    assert any("dra-device-attributes" in path for path in mounted)
    after = set(Path("/var/run/cdi").glob("*")) if Path("/var/run/cdi").exists() else set()
    assert after == before

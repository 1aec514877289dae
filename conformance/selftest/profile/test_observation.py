"""Identities: the same device shows alike in CDI edits, in a probe, and in what is expected."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drawplate.conformance.bench.cdi_edits import merge
from drawplate.conformance.profile.claims import ConfigCase
from drawplate.conformance.profile.load import load
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.observation import expected_identities, identities, shows
from drawplate.conformance.profile.traces import Effect, Variable
from drawplate.emulators.problems import SetupProblem, SuiteError

Make = Callable[..., Profile]

HEAD = """\
apiVersion: drawplate.dev/v1alpha1
kind: DriverProfile
metadata: {name: acme}
driver: {name: gpu.acme.example}
observe:
  marks:
"""
UUID = """\
    - name: uuid
      environment: {name: ACME_DEVICES, value: "(?P<identity>.+)", separator: ","}
      shows: "{attribute:uuid}"
"""
NODE = """\
    - name: node
      deviceNode: "/dev/acme(?P<identity>[0-9]+)"
      shows: "{attribute:gpu.acme.example/index}"
"""
REQUEST = """\
    - name: request
      environment: {name: "claim_(?P<identity>.+)", value: "true"}
      shows: "{claim}_{request}"
      underscored: true
"""


@pytest.fixture
def acme(tmp_path: Path) -> Make:
    def make(*marks: str) -> Profile:
        file = tmp_path / "acme.yaml"
        file.write_text(HEAD + "".join(marks), encoding="utf-8")
        return load(str(file))

    return make


def slice_of(generation: int, *uuids: str) -> dict[str, Any]:
    return {
        "spec": {
            "driver": "gpu.acme.example",
            "nodeName": "n",
            "pool": {"name": "n", "generation": generation, "resourceSliceCount": 1},
            "devices": [
                {
                    "name": f"gpu-{index}",
                    "attributes": {"uuid": {"string": uuid}, "index": {"int": index}},
                }
                for index, uuid in enumerate(uuids)
            ],
        }
    }


def result(device: str, request: str = "r", driver: str = "gpu.acme.example") -> dict[str, Any]:
    return {"driver": driver, "pool": "n", "device": device, "request": request}


def test_edits_and_probe_show_the_same_identities(acme: Make) -> None:
    profile = acme(UUID, NODE)
    edits = merge(
        [
            {
                "env": ["ACME_DEVICES=u0,u1", "OTHER=u2"],
                "deviceNodes": [{"path": "/dev/acme0"}, {"path": "/dev/acmectl"}],
            }
        ]
    )
    probe = {
        "environment": {"ACME_DEVICES": "u0,u1", "OTHER": "u2"},
        "devices": [{"path": "/dev/acme0"}, {"path": "/dev/acmectl"}, {"path": "/dev/null"}],
        "mounts": [],
        "interfaces": [],
    }

    assert identities(profile, edits) == {"uuid=u0", "uuid=u1", "node=0"}
    assert identities(profile, probe) == identities(profile, edits)


def test_container_without_devices_shows_none(acme: Make) -> None:
    assert identities(acme(UUID, NODE), {"environment": {"PATH": "/bin"}}) == frozenset()


def test_part_of_a_name_does_not_match(acme: Make) -> None:
    assert identities(acme(UUID), {"environment": {"MY_ACME_DEVICES_X": "u0"}}) == frozenset()


def test_expected_identities_come_from_the_slices(acme: Make) -> None:
    profile = acme(UUID, NODE)

    expected = expected_identities(profile, [slice_of(1, "u0", "u1")], [result("gpu-1")])

    assert expected == {"uuid=u1", "node=1"}


def test_newest_generation_counts(acme: Make) -> None:
    slices = [slice_of(2, "new"), slice_of(1, "old")]

    assert expected_identities(acme(UUID), slices, [result("gpu-0")]) == {"uuid=new"}


def test_results_of_other_drivers_are_left_out(acme: Make) -> None:
    results = [result("gpu-0", driver="nic.acme.example")]

    assert expected_identities(acme(UUID), [slice_of(1, "u0")], results) == frozenset()


def test_mark_of_a_request_reads_as_the_variable_does(acme: Make) -> None:
    profile = acme(REQUEST)

    expected = expected_identities(
        profile, [], [result("gpu-0", request="my-req/sub")], claim="a.claim-1"
    )

    assert expected == {"request=a_claim_1_my_req"}
    assert identities(profile, {"environment": {"claim_a_claim_1_my_req": "true"}}) == expected


def test_mark_of_a_claim_needs_the_claims_name(acme: Make) -> None:
    with pytest.raises(SetupProblem, match="claim"):
        expected_identities(acme(REQUEST), [], [result("gpu-0")])


def test_attribute_that_is_not_published_is_a_fault_of_the_profile(acme: Make) -> None:
    mark = NODE.replace("index", "serial")

    with pytest.raises(SetupProblem, match="publishes no attribute") as caught:
        expected_identities(acme(mark), [slice_of(1, "u0")], [result("gpu-0")])

    assert "uuid, index" in caught.value.cure


def test_device_in_no_slice_is_a_fault_of_the_suite(acme: Make) -> None:
    with pytest.raises(SuiteError, match="none of the slices"):
        expected_identities(acme(UUID), [slice_of(1, "u0")], [result("gpu-7")])


def test_mount_and_interface_show_too(acme: Make) -> None:
    mount = "    - {name: file, mount: '/run/acme/(?P<identity>.+)', shows: '{device}'}\n"
    interface = "    - {name: nic, interface: '(?P<identity>acme[0-9])', shows: '{device}'}\n"
    profile = acme(mount, interface)
    edits = merge(
        [
            {
                "mounts": [{"hostPath": "/x", "containerPath": "/run/acme/gpu-0"}],
                "netDevices": [{"hostInterfaceName": "eth7", "name": "acme0"}],
            }
        ]
    )
    probe = {"mounts": [{"target": "/run/acme/gpu-0"}], "interfaces": [{"name": "acme0"}]}

    assert identities(profile, edits) == {"file=gpu-0", "nic=acme0"}
    assert identities(profile, probe) == identities(profile, edits)


def test_effect_shows_or_must_not_show() -> None:
    environment = {"environment": {"MODE": "fast"}}
    present = Effect(environment=Variable(name="MODE", value="fast"))
    other = Effect(environment=Variable(name="MODE", value="slow"))
    absent = Effect(environment=Variable(name="MODE", value="slow"), absent=True)

    assert shows(present, environment)
    assert not shows(other, environment)
    assert shows(absent, environment)


def test_config_case_without_a_source_is_of_the_claim() -> None:
    assert ConfigCase(id="a", parameters={}).source == "claim"

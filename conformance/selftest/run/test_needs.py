"""Needs have three answers: yes, no because it says so, no because it says nothing."""

from typing import Any

import pytest

from drawplate.conformance import catalogue
from drawplate.conformance.problems import SuiteError
from drawplate.conformance.profile.load import load
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.traces import Observe
from drawplate.conformance.run.needs import NEEDS, unmet

PLAIN = {
    "config": "config",
    "hotplug": "hotplug",
    "admissionPolicy": "admission_policy",
    "sharedByContainers": "shared_by_containers",
    "sharedByPods": "shared_by_pods",
    "sharedByNodes": "shared_by_nodes",
    "networkAttached": "network_attached",
}


@pytest.fixture
def profile() -> Profile:
    return load("reference")


def changed(profile: Profile, part: str, **values: Any) -> Profile:
    section = getattr(profile, part)
    return profile.model_copy(update={part: section.model_copy(update=values)})


def test_the_reference_driver_meets_every_need_of_local_devices(profile: Profile) -> None:
    local = NEEDS.keys() - {"networkAttached", "sharedByNodes"}
    found = {need: unmet((need,), profile) for need in local}

    assert found == dict.fromkeys(found, "")


def test_no_need_is_always_met(profile: Profile) -> None:
    assert unmet((), profile) == ""


@pytest.mark.parametrize("need", PLAIN)
def test_a_capability_that_is_denied_is_taken_at_its_word(profile: Profile, need: str) -> None:
    denied = changed(profile, "capabilities", **{PLAIN[need]: False})

    assert unmet((need,), denied) == f"the profile declares that the driver has no {need}"


@pytest.mark.parametrize("need", PLAIN)
def test_a_capability_that_is_left_out_is_not_assumed(profile: Profile, need: str) -> None:
    silent = changed(profile, "capabilities", **{PLAIN[need]: None})

    told = unmet((need,), silent)

    assert told.startswith(f"the profile does not declare {need};")
    assert f"capabilities.{need}" in told


def test_config_needs_a_case_to_try(profile: Profile) -> None:
    assert "configs.cases" in unmet(("config",), changed(profile, "configs", cases=()))


@pytest.mark.parametrize("lever", ["unplug", "replug"])
def test_hotplug_needs_both_levers(profile: Profile, lever: str) -> None:
    levers = profile.hardware.levers.model_copy(update={lever: None})

    assert "hardware.levers" in unmet(("hotplug",), changed(profile, "hardware", levers=levers))


def test_devices_of_the_network_are_nobodys_own(profile: Profile) -> None:
    attached = changed(profile, "capabilities", network_attached=True)
    silent = changed(profile, "capabilities", network_attached=None)

    assert "from several nodes" in unmet(("nodeLocal",), attached)
    assert unmet(("nodeLocal",), silent) == ""


def test_pods_have_rights_of_their_own_and_processes_what_they_are_given(profile: Profile) -> None:
    bare = changed(profile, "deploy", process=None)

    assert unmet(("ownRights",), bare) == ""
    assert "deploy.process.identity" in unmet(
        ("ownRights",), changed(bare, "deploy", manifests=None)
    )


@pytest.mark.parametrize("gone", ["process", "identity"])
def test_rights_need_an_identity(profile: Profile, gone: str) -> None:
    process = profile.deploy.process
    assert process
    left = None if gone == "process" else process.model_copy(update={"identity": None})

    assert "deploy.process.identity" in unmet(
        ("identity",), changed(profile, "deploy", process=left)
    )


@pytest.mark.parametrize(
    ("shows", "met"),
    [
        ("{attribute:uuid}", True),
        ("{pool}/{device}", True),
        ("{claim}_{request}", False),
        ("{pool}", False),
    ],
)
def test_an_identity_is_what_tells_devices_apart(profile: Profile, shows: str, met: bool) -> None:  # noqa: FBT001
    mark = profile.observe.marks[0].model_copy(update={"shows": shows})
    showing = profile.model_copy(update={"observe": Observe(marks=(mark,))})

    assert (unmet(("identityAttribute",), showing) == "") is met


def test_the_first_unmet_need_is_the_reason(profile: Profile) -> None:
    denied = changed(profile, "capabilities", hotplug=False, config=False)

    assert unmet(("config", "hotplug"), denied).endswith("no config")


def test_an_unknown_need_is_an_error_of_the_suite(profile: Profile) -> None:
    with pytest.raises(SuiteError, match="'levitation'"):
        unmet(("levitation",), profile)


def test_every_need_of_the_catalogue_is_defined() -> None:
    named = {need for entry in catalogue.load().values() for need in entry.needs}

    assert named <= set(NEEDS)

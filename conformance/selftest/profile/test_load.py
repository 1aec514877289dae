"""Loading profiles: what is refused, where, and with which cure."""

from pathlib import Path
from typing import Protocol

import pytest

from drawplate.conformance.profile.findings import ProfileProblem
from drawplate.conformance.profile.load import load, shipped
from drawplate.emulators.problems import SetupProblem

MINIMAL = """\
apiVersion: drawplate.dev/v1alpha1
kind: DriverProfile
metadata:
  name: acme
driver:
  name: gpu.acme.example
"""


class Write(Protocol):
    def __call__(self, extra: str = "", text: str = MINIMAL) -> Path: ...


@pytest.fixture
def profile_file(tmp_path: Path) -> Write:
    def write(extra: str = "", text: str = MINIMAL) -> Path:
        file = tmp_path / "acme.yaml"
        file.write_text(text + extra, encoding="utf-8")
        return file

    return write


def refused(file: Path) -> ProfileProblem:
    with pytest.raises(ProfileProblem) as caught:
        load(str(file))
    return caught.value


def test_smallest_profile_is_accepted(profile_file: Write) -> None:
    profile = load(str(profile_file()))

    assert profile.title == "acme"
    assert profile.request("one") is None
    assert profile.capability("adminAccess") is None


def test_loaded_profile_knows_its_file_and_digest(profile_file: Write) -> None:
    file = profile_file()

    profile = load(str(file))

    assert profile.source == file.resolve()
    assert len(profile.digest) == 64


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_profile_loads_by_its_name(name: str) -> None:
    assert load(name).metadata.name == name


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(SetupProblem, match="no shipped profile 'refrence'") as caught:
        load("refrence")

    assert "'reference'" in caught.value.cure


def test_missing_file_is_refused(tmp_path: Path) -> None:
    problem = refused(tmp_path / "none.yaml")

    assert "cannot be read" in problem.what
    assert "none.yaml" in problem.where


def test_text_of_another_encoding_is_refused(profile_file: Write) -> None:
    file = profile_file()
    file.write_bytes(b"name: \xff")

    assert "UTF-8" in refused(file).what


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n"])
def test_file_without_a_mapping_is_refused(profile_file: Write, text: str) -> None:
    assert "a profile is a mapping" in refused(profile_file(text=text)).what


def test_two_documents_are_refused(profile_file: Write) -> None:
    assert "not one YAML document" in refused(profile_file("---\na: b\n")).what


def test_misspelt_key_names_line_and_nearest_key(profile_file: Write) -> None:
    problem = refused(profile_file("capabilites: {}\n"))

    assert problem.where.endswith("acme.yaml:7 (capabilites)")
    assert problem.cure == "did you mean 'capabilities'?"


def test_snake_case_key_is_refused_with_the_right_one(profile_file: Write) -> None:
    problem = refused(profile_file("known_failures: []\n"))

    assert problem.cure == "did you mean 'knownFailures'?"


def test_missing_key_names_its_purpose(profile_file: Write) -> None:
    problem = refused(profile_file("requests:\n  - need: one\n"))

    assert problem.what == "the key 'request' is missing"
    assert problem.where.endswith(":8 (requests[0].request)")
    assert "DeviceRequest" in problem.cure


def test_every_finding_is_told_in_the_order_of_the_file(profile_file: Write) -> None:
    problem = refused(profile_file("limits: {prepare: 4}\nhardware: {device: 4}\n"))

    assert [finding.line for finding in problem.findings] == [7, 8]
    assert str(problem).count("cure") == 2


def test_empty_value_is_refused(profile_file: Write) -> None:
    problem = refused(profile_file("limits:\n  prepare:\n"))

    assert problem.what == "the key has no value"
    assert ":8 " in problem.where


def test_wrong_choice_lists_the_choices(profile_file: Write) -> None:
    problem = refused(profile_file("policies: {deviceOrder: random}\n"))

    assert problem.what == "'random' is not a choice here"
    assert "stable" in problem.cure


def test_duration_without_a_unit_is_refused(profile_file: Write) -> None:
    problem = refused(profile_file("limits: {prepare: 45}\n"))

    assert "45 is not a duration" in problem.what
    assert "45s" in problem.cure


def test_durations_are_seconds(profile_file: Write) -> None:
    profile = load(str(profile_file("limits: {prepare: 1500ms, unprepare: 2m}\n")))

    assert (profile.limits.prepare, profile.limits.unprepare) == (1.5, 120.0)


def test_broken_pattern_is_refused(profile_file: Write) -> None:
    marks = "observe:\n  marks:\n    - {name: x, deviceNode: '/dev/(', shows: '{device}'}\n"

    assert "not a regular expression" in refused(profile_file(marks)).what


def test_mark_without_an_identity_is_refused(profile_file: Write) -> None:
    marks = "observe:\n  marks:\n    - {name: x, deviceNode: '/dev/a', shows: '{device}'}\n"

    assert "exactly one group" in refused(profile_file(marks)).what


def test_mark_at_two_places_is_refused(profile_file: Write) -> None:
    marks = (
        "observe:\n  marks:\n"
        "    - {name: x, deviceNode: '(?P<identity>a)', mount: b, shows: '{device}'}\n"
    )

    assert "deviceNode and mount" in refused(profile_file(marks)).what


def test_request_that_is_neither_kind_is_refused(profile_file: Write) -> None:
    requests = "requests:\n  - {need: one, request: {deviceClassName: acme}}\n"

    assert "exactly or firstAvailable" in refused(profile_file(requests)).what


def test_two_requests_for_one_need_are_refused(profile_file: Write) -> None:
    one = "  - {need: one, request: {exactly: {}}}\n"

    assert "need 'one' more than once" in refused(profile_file("requests:\n" + one * 2)).what


def test_effect_of_a_refused_config_is_refused(profile_file: Write) -> None:
    case = "{id: a, parameters: {}, valid: false, expect: [{mount: /x}]}"

    assert "no effect" in refused(profile_file(f"configs: {{cases: [{case}]}}\n")).what


def test_objects_from_both_files_and_command_are_refused(profile_file: Write) -> None:
    manifests = "{files: [a.yaml], command: [b], namespace: c, rollout: [DaemonSet/d]}"

    problem = refused(profile_file(f"deploy: {{manifests: {manifests}}}\n"))

    assert "found files and command" in problem.what


def test_capability_is_three_valued(profile_file: Write) -> None:
    profile = load(str(profile_file("capabilities: {health: [], hotplug: true, taints: false}\n")))

    assert profile.capability("hotplug") is True
    assert profile.capability("taints") is False
    assert profile.capability("health") is False
    assert profile.capability("metrics") is None


def test_unknown_capability_is_an_error_of_the_suite(profile_file: Write) -> None:
    profile = load(str(profile_file()))

    with pytest.raises(Exception, match="no capability 'flight'"):
        profile.capability("flight")

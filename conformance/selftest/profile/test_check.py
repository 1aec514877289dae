"""`drawplate profile check`: what is wrong although the form is right."""

import json
from datetime import date
from pathlib import Path
from typing import Protocol

import pytest

from drawplate.conformance import catalogue
from drawplate.conformance.profile.check import check
from drawplate.conformance.profile.findings import Finding
from drawplate.conformance.profile.load import shipped

TODAY = date(2026, 11, 23)
HEAD = """\
apiVersion: drawplate.dev/v1alpha1
kind: DriverProfile
metadata: {name: acme}
driver: {name: gpu.acme.example}
"""


class Check(Protocol):
    """Checks the smallest profile with this text at its end."""

    def __call__(self, extra: str) -> list[Finding]: ...


@pytest.fixture
def check_text(tmp_path: Path) -> Check:
    def run(extra: str) -> list[Finding]:
        file = tmp_path / "acme.yaml"
        file.write_text(HEAD + extra, encoding="utf-8")
        return check(file, TODAY)

    return run


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, [finding.what for finding in findings]
    return findings[0]


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_profile_has_no_findings(name: str) -> None:
    assert check(shipped()[name], TODAY) == []


def test_smallest_profile_has_no_findings(check_text: Check) -> None:
    assert check_text("") == []


def test_findings_of_the_form_are_told_too(check_text: Check) -> None:
    assert only(check_text("limit: {}\n")).cure == "did you mean 'limits'?"


def test_unknown_placeholder_suggests_the_nearest(check_text: Check) -> None:
    found = only(check_text("deploy:\n  process:\n    argv: [ls, '{kubeConfig}']\n"))

    assert found.what == "the placeholder {kubeConfig} is not known here"
    assert found.line == 7
    assert "'kubeconfig'" in found.cure


def test_placeholder_without_its_name_is_found(check_text: Check) -> None:
    found = only(check_text("deploy:\n  process:\n    argv: [ls, ':{port}']\n"))

    assert found.cure == "write {port:NAME}"


def test_placeholder_of_a_node_is_unknown_where_no_node_is(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    version = "{name: gpu.acme.example, version: [ls, '{nodeName}']}"
    file.write_text(HEAD.replace("{name: gpu.acme.example}", version), encoding="utf-8")

    assert "{nodeName} is not known here" in only(check(file, TODAY)).what


def test_program_that_does_not_exist_is_found(check_text: Check) -> None:
    found = only(check_text("deploy:\n  process:\n    argv: [no-such-driver-anywhere]\n"))

    assert found.what == "there is no program 'no-such-driver-anywhere'"


def test_unknown_component_suggests_the_nearest(check_text: Check) -> None:
    found = only(check_text("deploy:\n  process: {argv: [ls], needs: [kubernets]}\n"))

    assert found.cure == "did you mean 'kubernetes'?"


def test_binary_of_no_needed_component_is_found(check_text: Check) -> None:
    found = only(check_text("deploy:\n  process: {argv: ['{component:kubelet}']}\n"))

    assert "no needed component has the binary 'kubelet'" in found.what


def manifests(source: str) -> str:
    return f"deploy: {{manifests: {{{source}, namespace: a, rollout: [DaemonSet/a]}}}}\n"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "cannot be read"),
        ("", "is empty"),
        ("a: b: c\n", "not YAML"),
        ("kind: Pod\n", "not a Kubernetes object"),
        ("just text\n", "not a Kubernetes object"),
    ],
)
def test_manifest_that_cannot_be_used_is_found(
    check_text: Check, tmp_path: Path, content: str | None, what: str
) -> None:
    if content is not None:
        (tmp_path / "m.yaml").write_text(content, encoding="utf-8")

    assert what in only(check_text(manifests("files: [m.yaml]"))).what


def test_command_that_prints_manifests_is_run(check_text: Check) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
    # The braces of JSON are no placeholder.
    good = ["{python}", "-c", f"print({json.dumps(json.dumps(pod))})"]
    bad = ["{python}", "-c", "raise SystemExit('no template')"]

    assert check_text(manifests(f"command: {json.dumps(good)}")) == []
    found = only(check_text(manifests(f"command: {json.dumps(bad)}")))
    assert "left with status 1: no template" in found.what


def test_identity_without_its_account_is_found(check_text: Check, tmp_path: Path) -> None:
    account = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: other, namespace: n}}\n"
    (tmp_path / "m.yaml").write_text(account, encoding="utf-8")
    identity = "{files: [m.yaml], serviceAccount: {namespace: n, name: mine}}"

    found = only(check_text(f"deploy: {{process: {{argv: [ls], identity: {identity}}}}}\n"))

    assert found.what == "the objects have no ServiceAccount n/mine"
    assert found.cure == "they have n/other"


def test_class_that_is_not_declared_is_found(check_text: Check) -> None:
    requests = "requests: [{need: one, request: {exactly: {deviceClassName: acme}}}]\n"

    assert "names the class 'acme'" in only(check_text(requests)).what


def test_class_in_a_prioritised_list_is_found(check_text: Check) -> None:
    body = "{firstAvailable: [{name: a, deviceClassName: acme}]}"

    assert "'acme'" in only(check_text(f"requests: [{{need: one, request: {body}}}]\n")).what


def test_config_for_a_request_that_is_missing_is_found(check_text: Check) -> None:
    found = only(check_text("configs: {cases: [{id: a, parameters: {}, needs: [all]}]}\n"))

    assert "for the request 'all'" in found.what


def known_failure(requirement: str, until: str, height: str) -> str:
    return (
        "knownFailures:\n"
        f"  - requirement: {requirement}\n"
        f"    heights: [{height}]\n"
        "    reason: it forgets\n"
        "    link: https://issues.example/1\n"
        f"    until: {until}\n"
    )


def requirement_at(height: str, not_at: str) -> str:
    return next(
        entry.id
        for entry in catalogue.load().values()
        if height in entry.heights and not_at not in entry.heights and not entry.retired
    )


def test_known_failure_in_force_is_accepted(check_text: Check) -> None:
    requirement = requirement_at("bench", "cluster")

    assert check_text(known_failure(requirement, "2026-11-23", "bench")) == []


def test_known_failure_that_ended_is_found(check_text: Check) -> None:
    requirement = requirement_at("bench", "cluster")

    found = only(check_text(known_failure(requirement, "2026-11-22", "bench")))

    assert found.what == "the known failure ended on 2026-11-22"
    assert found.line == 10


def test_known_failure_of_an_unknown_requirement_is_found(check_text: Check) -> None:
    assert (
        "no requirement 'XX-99'"
        in only(check_text(known_failure("XX-99", "2027-01-01", "bench"))).what
    )


def test_known_failure_at_a_height_without_a_test_is_found(check_text: Check) -> None:
    requirement = requirement_at("bench", "cluster")

    found = only(check_text(known_failure(requirement, "2027-01-01", "cluster")))

    assert "not tested at the height cluster" in found.what


@pytest.mark.parametrize("name", ["metrics", "liveness"])
def test_endpoint_that_is_claimed_needs_its_address(check_text: Check, name: str) -> None:
    text = f"capabilities: {{{name}: true}}\ndeploy: {{process: {{argv: [ls]}}}}\n"

    assert "its address is not given" in only(check_text(text)).what


def test_hotplug_needs_levers(check_text: Check) -> None:
    found = only(check_text("capabilities: {hotplug: true}\n"))

    assert "unplug and replug" in found.cure


def test_lever_that_changes_a_machine_needs_one(check_text: Check) -> None:
    levers = "hardware: {levers: {unplug: {emulated: [unplug gpu1]}}}\n"

    assert "hardware.machine names none" in only(check_text(levers)).what


def test_unknown_machine_is_found(check_text: Check) -> None:
    assert "dgx" in only(check_text("hardware: {machine: dgx}\n")).what


def test_machine_file_with_an_error_names_its_line(check_text: Check, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("machine: m\nnuma: {nodes: none}\n", encoding="utf-8")

    assert "m.yaml:2" in only(check_text("hardware: {machine: m.yaml}\n")).what


def test_finding_in_a_variant_is_told_at_the_line_of_its_overlay(check_text: Check) -> None:
    text = (
        "deploy: {process: {argv: [ls]}}\n"
        "variants:\n"
        "  - name: other\n"
        "    overlay:\n"
        "      deploy: {process: {argv: [ls, '{nodename}']}}\n"
    )

    found = only(check_text(text))

    assert found.line == 9
    assert "{nodename}" in found.what

"""Variants: an overlay changes what it names and nothing else."""

from pathlib import Path

import pytest

from drawplate.conformance.profile.deployment import Process
from drawplate.conformance.profile.findings import ProfileProblem
from drawplate.conformance.profile.load import load

TEXT = """\
apiVersion: drawplate.dev/v1alpha1
kind: DriverProfile
metadata: {name: acme}
driver: {name: gpu.acme.example}
deploy:
  process:
    argv: [acme, --plain]
    env: {A: "1", B: "2"}
capabilities: {config: true, metadata: false}
variants:
  - name: sharing
    overlay:
      deploy:
        process:
          argv: [acme, --sharing]
          env: {B: "3"}
      capabilities: {config: null, metadata: true}
  - name: broken
    overlay:
      limits: {prepare: soon}
"""


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    file = tmp_path / "acme.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return file


def process_of(name: str) -> Process:
    process = load(name).deploy.process
    assert process
    return process


def test_base_is_untouched_by_its_variants(acme: Path) -> None:
    assert process_of(str(acme)).argv == ("acme", "--plain")


def test_overlay_merges_mappings_and_replaces_lists(acme: Path) -> None:
    process = process_of(f"{acme}@sharing")

    assert process.argv == ("acme", "--sharing")
    assert process.env == {"A": "1", "B": "3"}


def test_null_in_an_overlay_takes_a_key_back(acme: Path) -> None:
    profile = load(f"{acme}@sharing")

    assert profile.capability("config") is None
    assert profile.capability("metadata") is True


def test_variant_is_part_of_the_title(acme: Path) -> None:
    assert load(f"{acme}@sharing").title == "acme@sharing"


def test_error_in_an_overlay_names_the_line_of_the_overlay(acme: Path) -> None:
    with pytest.raises(ProfileProblem, match="not a duration") as caught:
        load(f"{acme}@broken")

    assert ":20 (limits.prepare)" in caught.value.where


def test_unknown_variant_suggests_the_nearest(acme: Path) -> None:
    with pytest.raises(ProfileProblem, match="no variant 'sharin'") as caught:
        load(f"{acme}@sharin")

    assert "'sharing'" in caught.value.cure

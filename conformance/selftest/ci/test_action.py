"""The GitHub action: every input reaches the script by its environment, and no text of a shell."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from drawplate.conformance.ci.publish import outputs

FOLDER = Path(__file__).parents[2] / "ci"
SCRIPT = (FOLDER / "certify.sh").read_text(encoding="utf-8")
TEXT = (FOLDER / "action.yml").read_text(encoding="utf-8")
ACTION: dict[str, Any] = yaml.safe_load(TEXT)
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
# Where the cache lies is the business of jobs that have no cache action.
SCRIPT_ONLY = {"DRAWPLATE_CACHE"}


def step_of(name: str) -> dict[str, Any]:
    (found,) = [step for step in STEPS if step.get("id") == name]
    return found


def test_every_input_that_is_used_is_declared_and_every_declared_one_is_used() -> None:
    used = set(re.findall(r"\binputs\.([\w-]+)", TEXT))

    assert used == set(ACTION["inputs"])


def test_every_input_says_what_it_is_and_what_it_is_when_left_out() -> None:
    for name, entry in ACTION["inputs"].items():
        assert entry["description"], name
        # GitHub hands on text only; another type would not be what it looks like.
        assert entry.get("required") or isinstance(entry["default"], str), name


@pytest.mark.parametrize("step", [step for step in STEPS if "run" in step], ids=lambda s: s["name"])
def test_no_expression_stands_in_the_text_of_a_shell(step: dict[str, Any]) -> None:
    assert "${{" not in step["run"]
    assert step["shell"] == "bash"


def test_the_action_sets_all_that_the_script_reads() -> None:
    read = set(re.findall(r"\bDRAWPLATE_[A-Z_]+\b", SCRIPT))
    given = set(step_of("certify")["env"])

    assert given == read - SCRIPT_ONLY
    assert set(step_of("cache")["env"].items()) <= set(step_of("certify")["env"].items())


def test_the_script_explains_every_variable() -> None:
    explained = set(re.findall(r"^#   (DRAWPLATE_[A-Z_]+) {2}", SCRIPT, re.MULTILINE))

    assert explained == set(re.findall(r"\bDRAWPLATE_[A-Z_]+\b", SCRIPT))


def test_an_input_has_the_name_of_its_variable() -> None:
    for variable, value in step_of("certify")["env"].items():
        name = variable.removeprefix("DRAWPLATE_").lower().replace("_", "-")
        assert value == f"${{{{ inputs.{name} }}}}"


def test_the_outputs_are_those_that_the_script_hands_on() -> None:
    named = {name: entry["value"] for name, entry in ACTION["outputs"].items()}

    assert named == {
        name: f"${{{{ steps.certify.outputs.{name} }}}}" for name in outputs(Path(), 0, None)
    }


def test_every_step_that_is_referred_to_stands_before() -> None:
    seen: set[str] = set()
    for step in STEPS:
        assert set(re.findall(r"\bsteps\.(\w+)\.", yaml.safe_dump(step))) <= seen
        seen |= {step["id"]} if "id" in step else set()


def test_the_report_is_uploaded_and_the_cache_kept_whatever_the_verdict_is() -> None:
    conditions = {step["uses"].split("@")[0]: step["if"] for step in STEPS if "uses" in step}

    assert "always()" in conditions["actions/upload-artifact"]
    assert "!cancelled()" in conditions["actions/cache/save"]


def test_actions_of_others_have_a_version() -> None:
    for step in STEPS:
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w/-]+@v\d+", step["uses"])

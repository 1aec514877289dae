"""What requirements need of nodes: said where the tests need it, and judged before the run."""

import ast

import pytest

from drawplate.conformance import catalogue
from drawplate.conformance.problems import SuiteError
from drawplate.conformance.profile.load import load
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.run.foreknowledge import Foreknowledge
from drawplate.conformance.run.node_needs import lacking
from drawplate.conformance.run.offer import Offer
from drawplate.conformance.run.plan import make_plan
from drawplate.conformance.run.pytest_session import SUITES
from drawplate.conformance.verdict.outcomes import Result
from drawplate.fixtures.clusters.provider import ABILITIES, ClusterSpec

AGENT = frozenset({"exec", "files"})
NOTHING: frozenset[str] = frozenset()

# What a test in a cluster calls, and what that needs of the node.
CALLS = {
    ("node", "restart_kubelet"): "components",
    ("node", "reboot"): "reboot",
    ("cluster", "unplug"): "hardware",
    ("driver", "pull"): "hardware",
    ("driver", "kill"): "exec",
    ("driver", "restart"): "exec",
}
CALLS_OF_ANYTHING = {
    "restarts": "exec",
    "unprepares": "files",
    "surplus": "files",
    "holds": "files",
    "lose": "outage",
    "cordon": "outage",
}


@pytest.fixture(scope="module")
def reference() -> Profile:
    return load("reference")


def with_commands(profile: Profile, **commands: tuple[str, ...]) -> Profile:
    return profile.model_copy(update={"nodes": profile.nodes.model_copy(update=commands)})


def called_in(function: ast.FunctionDef) -> set[str]:
    found = set()
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            of = call.func.value
            owner = of.attr if isinstance(of, ast.Attribute) else getattr(of, "id", "")
            found |= {
                CALLS.get((owner, call.func.attr), ""),
                CALLS_OF_ANYTHING.get(call.func.attr, ""),
            }
    return found - {""}


def covered_by(function: ast.FunctionDef) -> list[str]:
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "covers":
            return [one.value for one in mark.args if isinstance(one, ast.Constant)]  # type: ignore[misc]
    return []


def needed_by_tests() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for file in SUITES.glob("*/test_*.py"):
        for function in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(function, ast.FunctionDef):
                continue
            if "cluster" in [one.arg for one in function.args.args]:
                for name in covered_by(function):
                    found.setdefault(name, set()).update(called_in(function))
    return found


def test_catalogue_says_what_tests_do_to_nodes() -> None:
    needed = needed_by_tests()
    assert needed["PRE-25"] == {"reboot"}

    told = {name: set(entry.node) for name, entry in catalogue.load().items()}

    assert {name: told[name] for name in needed} == needed
    assert not [name for name, needs in told.items() if needs and name not in needed]


def test_nodes_of_ours_lack_nothing(reference: Profile) -> None:
    for requirement in catalogue.load().values():
        assert lacking(requirement.node, reference, ABILITIES) == ""


@pytest.mark.parametrize(
    ("need", "abilities", "reason"),
    [
        ("exec", NOTHING, "--node-access"),
        ("files", NOTHING, "--node-access"),
        ("exec", AGENT, ""),
        ("files", AGENT, ""),
        ("components", AGENT, "nodes.restartKubelet"),
        ("reboot", AGENT, "nodes.reboot"),
        ("hardware", AGENT, "emulated hardware"),
        ("outage", AGENT, "not ours to take away"),
        ("api-server", AGENT, "not ours to pause"),
        ("network", AGENT, "not ours to cut"),
        ("folders", AGENT, "not ours to fill"),
        ("clock", AGENT, "no provider"),
    ],
)
def test_what_nobody_can_do_has_a_reason(
    reference: Profile, need: str, abilities: frozenset[str], reason: str
) -> None:
    told = lacking((need,), reference, abilities)

    assert reason in told
    assert bool(told) == bool(reason)


def test_commands_of_the_profile_stand_in(reference: Profile) -> None:
    able = with_commands(reference, restart_kubelet=("ssh",), reboot=("ssh",))

    assert lacking(("components", "reboot"), able, NOTHING) == ""


def test_unknown_need_is_an_error_of_the_suite(reference: Profile) -> None:
    with pytest.raises(SuiteError, match="unknown need"):
        lacking(("magic",), reference, ABILITIES)


def test_plan_exempts_what_cannot_be_done(reference: Profile) -> None:
    spec = ClusterSpec(provider="existing")
    plan = make_plan(reference, {"cluster": Offer.of(spec)}, (), AGENT)

    exempt = {one.requirement.id: one for one in plan.exempt}
    assert exempt["PRE-25"].result is Result.NOT_APPLICABLE
    assert "nodes.reboot" in exempt["PRE-25"].reason
    assert exempt["PRE-25"].out_of_reach
    assert ("FLT-05", "cluster") in plan.checks
    assert "FLT-05" not in exempt


def test_what_the_server_tells_counts(reference: Profile) -> None:
    spec = ClusterSpec(provider="existing")
    known = Foreknowledge(
        AGENT, ClusterSpec(provider="existing", kubernetes="1.34"), {"DRAx": True}
    )

    found = known.correct({"bench": Offer.of(ClusterSpec()), "cluster": Offer.of(spec)})

    assert found["cluster"].minor == "1.34"
    assert found["cluster"].gates == {"DRAx": True}
    assert found["bench"].minor == "1.37"
    assert Foreknowledge().correct(found) == found

"""Requirements, outcomes and judgements for tests of what is made of them."""

from typing import Any

from drawplate.conformance.catalogue import Height, Requirement
from drawplate.conformance.verdict.judge import KnownFailure
from drawplate.conformance.verdict.outcomes import Judgement, Result, TestOutcome, TestResult


def requirement(name: str = "PRE-01", **parts: Any) -> Requirement:
    """Give a requirement that the catalogue would take; a MUST at the bench unless told."""
    plain: dict[str, Any] = {
        "id": name,
        "level": "MUST",
        "text": "The driver does what this sentence says.",
        "source": "K pkg/kubelet/cm/dra/manager.go",
        "heights": ("bench",),
        "hint": "Do what the sentence says.",
        "mutants": ("some-mutant",),
        "area": "prepare",
    }
    return Requirement.model_validate(plain | parts)


def outcome(result: TestResult, name: str = "PRE-01", **parts: Any) -> TestOutcome:
    """Give what a finished test of one requirement told."""
    plain: dict[str, Any] = {
        "test": f"suites/prepare/test_it.py::test_{result}",
        "requirements": (name,),
        "height": "bench",
        "result": result,
        "seconds": 0.5,
        "seen": "" if result is TestResult.PASS else f"it was {result}",
    }
    return TestOutcome(**plain | parts)


def admission(name: str = "PRE-01", *heights: Height) -> KnownFailure:
    """Give a known failure of a profile."""
    return KnownFailure(name, heights or ("bench",), "it forgets", "https://example.com/1")


def judgement(result: Result, name: str = "PRE-01", **parts: Any) -> Judgement:
    """Give a judgement; `level` and `height` as wanted, a MUST at the bench unless told."""
    height = parts.get("height", "bench")
    level = parts.get("level", "MUST")
    return Judgement(requirement(name, level=level, heights=(height,)), height, result)

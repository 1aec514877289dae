"""What counts as a flake."""

from drawplate.conformance.selftest.flakes import Shot, flakes, shareable, was_tried


def shot(seed: int, **results: str) -> Shot:
    return Shot(seed, 1.0, results, dict.fromkeys(results, ""))


def test_what_always_passes_is_none() -> None:
    assert flakes([shot(1, P1="pass"), shot(2, P1="pass")]) == {}


def test_what_once_did_not_pass_is_one() -> None:
    found = flakes([shot(1, P1="pass", P2="pass"), shot(2, P1="inconclusive", P2="pass")])

    assert found == {"P1": {"pass": 1, "inconclusive": 1}}


def test_what_was_once_not_even_judged_is_one() -> None:
    assert flakes([shot(1, P1="pass", P2="pass"), shot(2, P2="pass")]) == {"P1": {"pass": 1}}


def test_what_the_run_could_not_reach_was_not_tried() -> None:
    aside = {"tests": [], "result": "not applicable"}

    assert not was_tried(aside)
    assert was_tried({"tests": [], "result": "inconclusive"}), "its test did not run"
    assert was_tried({"tests": [{}], "result": "not applicable"})


def test_tests_that_run_side_by_side_are_found() -> None:
    found = shareable()

    assert {"ALC-01", "P1", "S1"} <= set(found)
    assert not {"PRE-25", "FLT-04", "ALC-04"} & set(found)

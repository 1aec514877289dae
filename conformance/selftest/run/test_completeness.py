"""A catalogue and suites that do not fit together give no verdict: the session is refused."""

import pytest

from drawplate.conformance.problems import SuiteError
from drawplate.conformance.selftest.run.stand_in import StandIn
from drawplate.conformance.selftest.verdict.samples import requirement

PROVES_PRE_01 = "@covers('PRE-01')\ndef test_it(bench):\n    pass\n"


def refusal(stand_in: StandIn, source: str) -> str:
    """Run, and give what the session is refused with; no test may have run."""
    told: list[object] = []
    with pytest.raises(SuiteError) as caught:
        stand_in.run(source, on_outcome=told.append)
    assert told == []
    assert caught.value.exit_code == 4
    return str(caught.value)


def test_what_fits_together_runs(stand_in: StandIn) -> None:
    assert len(stand_in.run(PROVES_PRE_01).outcomes) == 1


def test_a_requirement_without_a_test_is_refused(
    stand_in: StandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    stand_in.catalogue(requirement(), requirement("PRE-02"))

    told = refusal(stand_in, PROVES_PRE_01)

    assert "PRE-02 has no test at the bench" in told + capfd.readouterr().err


def test_a_requirement_without_a_test_at_one_of_its_heights_is_refused(
    stand_in: StandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    stand_in.catalogue(requirement(heights=("bench", "cluster")))

    told = refusal(stand_in, PROVES_PRE_01)

    assert "PRE-01 has no test at the cluster" in told + capfd.readouterr().err


def test_a_test_at_a_height_that_the_requirement_does_not_name_is_refused(
    stand_in: StandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    source = PROVES_PRE_01 + "\n@covers('PRE-01')\ndef test_there(cluster):\n    pass\n"

    told = refusal(stand_in, source)

    assert "PRE-01 does not name the height cluster" in told + capfd.readouterr().err


def test_a_must_without_a_mutant_is_refused(
    stand_in: StandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    stand_in.catalogue(requirement(mutants=()))

    told = refusal(stand_in, PROVES_PRE_01)

    assert "PRE-01 is a MUST that no mutant proves" in told + capfd.readouterr().err


def test_a_should_without_a_mutant_runs(stand_in: StandIn) -> None:
    stand_in.catalogue(requirement(level="SHOULD", mutants=()))

    assert len(stand_in.run(PROVES_PRE_01).outcomes) == 1


def test_a_mutant_that_does_not_exist_is_refused(
    stand_in: StandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    stand_in.catalogue(requirement(mutants=("no-such-defect",)), mutants=["another"])

    told = refusal(stand_in, PROVES_PRE_01)

    assert "PRE-01 names the unknown mutant no-such-defect" in told + capfd.readouterr().err


def test_a_test_of_an_unknown_requirement_is_refused(
    stand_in: StandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    source = "@covers('PRE-01', 'PRE-77')\ndef test_it(bench):\n    pass\n"

    told = refusal(stand_in, source)

    assert "PRE-77 is covered by a test but is not in the catalogue" in (
        told + capfd.readouterr().err
    )


@pytest.mark.parametrize("mark", ["", "@covers()\n"])
def test_a_test_that_proves_nothing_is_refused(
    stand_in: StandIn, capfd: pytest.CaptureFixture[str], mark: str
) -> None:
    told = refusal(stand_in, f"{PROVES_PRE_01}\n{mark}def test_more(bench):\n    pass\n")

    assert "test_more proves no requirement" in told + capfd.readouterr().err


@pytest.mark.parametrize("fixtures", ["", "bench, cluster"])
def test_a_test_on_neither_or_on_both_heights_is_refused(
    stand_in: StandIn, capfd: pytest.CaptureFixture[str], fixtures: str
) -> None:
    told = refusal(stand_in, f"@covers('PRE-01')\ndef test_it({fixtures}):\n    pass\n")

    assert "test_it must stand on either `bench` or `cluster`" in told + capfd.readouterr().err


def test_a_height_may_be_reached_through_other_fixtures(stand_in: StandIn) -> None:
    source = """
        @pytest.fixture
        def claim(bench):
            return bench

        @covers('PRE-01')
        def test_it(claim):
            pass
    """

    (found,) = stand_in.run(source).outcomes

    assert found.height == "bench"


def test_a_retired_requirement_needs_neither_test_nor_mutant(stand_in: StandIn) -> None:
    stand_in.catalogue(requirement(), requirement("PRE-02", retired=True, mutants=()))

    assert len(stand_in.run(PROVES_PRE_01).outcomes) == 1


def test_suites_that_cannot_be_imported_are_refused_with_the_reason(stand_in: StandIn) -> None:
    stand_in.write("import no_such_module\n", "test_broken.py")

    assert "no_such_module" in refusal(stand_in, PROVES_PRE_01)


def test_suites_that_cannot_be_parsed_are_refused_with_the_place(stand_in: StandIn) -> None:
    stand_in.write("def broken(:\n", "test_broken.py")

    assert "test_broken.py" in refusal(stand_in, PROVES_PRE_01)


def test_a_mark_that_nobody_declared_is_refused(stand_in: StandIn) -> None:
    # A misspelt `fresh` would quietly run on a used driver.
    assert "frehs" in refusal(stand_in, f"@pytest.mark.frehs\n{PROVES_PRE_01}")


@pytest.mark.slow
def test_workers_refuse_with_the_reason_too(stand_in: StandIn) -> None:
    # They have the real catalogue, of which the stand-in proves next to nothing.
    stand_in.write(PROVES_PRE_01)

    with pytest.raises(SuiteError, match="has no test at the"):
        stand_in.run(workers=2)

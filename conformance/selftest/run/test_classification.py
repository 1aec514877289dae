"""What the plugin makes of each way in which a test can end."""

import signal

import pytest

from drawplate.conformance import plugin
from drawplate.conformance.run.collector import Collector
from drawplate.conformance.selftest.run.stand_in import StandIn
from drawplate.conformance.verdict.outcomes import Result, TestOutcome, TestResult


def only(collector: Collector) -> TestOutcome:
    (found,) = collector.outcomes
    return found


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ("pass", TestResult.PASS),
        ("assert 1 == 2, 'one is not two'", TestResult.FAIL),
        ("raise AssertionError('one is not two')", TestResult.FAIL),
        ("raise Inconclusive('no device is free')", TestResult.INCONCLUSIVE),
        ("raise SetupProblem('no driver', cure='start it')", TestResult.INCONCLUSIVE),
        ("raise SuiteError('a fixture lied')", TestResult.ERROR),
        ("raise KeyError('uid')", TestResult.ERROR),
        ("raise TimeoutError('no answer')", TestResult.ERROR),
        ("pytest.skip('not today')", TestResult.ERROR),
        ("pytest.xfail('always so')", TestResult.ERROR),
        ("pytest.importorskip('no_such_module')", TestResult.ERROR),
        ("raise SystemExit(0)", TestResult.ERROR),
    ],
)
def test_the_end_of_a_test_has_one_meaning(
    stand_in: StandIn, body: str, result: TestResult
) -> None:
    source = f"@covers('PRE-01')\ndef test_it(bench):\n    {body}\n"

    assert only(stand_in.run(source)).result is result


def test_what_did_not_come_in_time_is_inconclusive(stand_in: StandIn) -> None:
    source = """
        from drawplate.fixtures.waiting import NotInTime

        @covers('PRE-01')
        def test_it(bench):
            raise NotInTime('a socket', 3.0, 'an empty folder')
    """

    found = only(stand_in.run(source))

    assert found.result is TestResult.INCONCLUSIVE
    assert found.seen == "a socket: not within 3 s; seen: an empty folder"


@pytest.mark.parametrize("mark", ["skip(reason='x')", "skipif(True, reason='x')"])
def test_a_mark_that_skips_is_an_error_of_the_suite(stand_in: StandIn, mark: str) -> None:
    source = f"@pytest.mark.{mark}\n@covers('PRE-01')\ndef test_it(bench):\n    pass\n"

    assert only(stand_in.run(source)).result is TestResult.ERROR


def test_a_mark_that_expects_failure_hides_none(stand_in: StandIn) -> None:
    source = "@pytest.mark.xfail\n@covers('PRE-01')\ndef test_it(bench):\n    assert False\n"

    assert only(stand_in.run(source)).result is TestResult.FAIL


@pytest.mark.parametrize("raised", ["AssertionError('not there')", "RuntimeError('broken')"])
@pytest.mark.parametrize("phase", ["set-up", "tear-down"])
def test_what_a_fixture_raises_is_an_error_never_a_failure(
    stand_in: StandIn, phase: str, raised: str
) -> None:
    lines = ["yield", f"raise {raised}"] if phase == "tear-down" else [f"raise {raised}", "yield"]
    source = (
        "@pytest.fixture\ndef broken():\n    "
        + "\n    ".join(lines)
        + "\n\n@covers('PRE-01')\ndef test_it(bench, broken):\n    pass\n"
    )

    assert only(stand_in.run(source)).result is TestResult.ERROR


def test_a_premise_that_a_fixture_misses_is_inconclusive(stand_in: StandIn) -> None:
    source = """
        @pytest.fixture
        def ready():
            raise Inconclusive('the driver did not register')

        @covers('PRE-01')
        def test_it(bench, ready):
            assert False
    """

    found = only(stand_in.run(source))

    assert (found.result, found.seen) == (TestResult.INCONCLUSIVE, "the driver did not register")


def test_a_failure_is_told_in_the_words_of_the_test_with_its_place(stand_in: StandIn) -> None:
    source = "@covers('PRE-01')\ndef test_it(bench):\n    assert 1 == 2, 'one is not two'\n"

    found = only(stand_in.run(source))
    text = (stand_in.suites / "test_stand_in.py").read_text(encoding="utf-8")
    line = text.splitlines().index("    assert 1 == 2, 'one is not two'") + 1

    assert found.seen == "one is not two"
    assert found.where == f"suites/test_stand_in.py:{line} in test_it"


def test_a_failure_without_words_is_told_by_its_expression(stand_in: StandIn) -> None:
    source = "@covers('PRE-01')\ndef test_it(bench):\n    seen = 1\n    assert seen == 2\n"

    assert "1 == 2" in only(stand_in.run(source)).seen


def test_an_error_is_told_with_its_kind(stand_in: StandIn) -> None:
    source = "@covers('PRE-01')\ndef test_it(bench):\n    {}['uid']\n"

    assert only(stand_in.run(source)).seen == "KeyError: 'uid'"


def test_evidence_lies_by_requirement_height_and_test(stand_in: StandIn) -> None:
    source = """
        @pytest.mark.parametrize('which', ['a/b'])
        @covers('PRE-01')
        def test_it(bench, which):
            pass
    """

    found = only(stand_in.run(source))

    assert found.evidence == str(stand_in.folder / "out/evidence/PRE-01/bench/test_it-a_b")


def test_a_test_that_hangs_is_ended_by_its_budget(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "BUDGET", {"bench": 0.05, "cluster": 60.0})
    source = """
        import threading

        @covers('PRE-01')
        def test_it(bench):
            threading.Event().wait()
    """

    found = only(stand_in.run(source, patience=2.0))

    assert found.result is TestResult.INCONCLUSIVE
    assert found.seen == "the test did not end within 0 s"


def test_the_budget_grows_with_patience(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, ...]] = []
    monkeypatch.setattr(plugin, "BUDGET", {"bench": 7.0, "cluster": 60.0})
    monkeypatch.setattr(signal, "setitimer", lambda _which, *seconds: asked.append(seconds))

    stand_in.run("@covers('PRE-01')\ndef test_it(bench):\n    pass\n", patience=3.0)

    # The test, its clean-up, and the end of all limits.
    assert asked == [(21.0,), (21.0,), (0,)]


def test_the_budget_of_one_test_does_not_reach_the_next(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGALRM)
    monkeypatch.setattr(plugin, "BUDGET", {"bench": 5.0, "cluster": 60.0})

    stand_in.run("@covers('PRE-01')\ndef test_it(bench):\n    pass\n")

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_a_fixture_that_hangs_is_within_the_budget_too(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "BUDGET", {"bench": 0.05, "cluster": 60.0})
    source = """
        import threading

        @pytest.fixture
        def slow():
            threading.Event().wait()

        @covers('PRE-01')
        def test_it(bench, slow):
            pass
    """

    assert only(stand_in.run(source)).result is TestResult.INCONCLUSIVE


def test_a_clean_up_that_hangs_after_a_test_that_hung_is_ended_too(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "BUDGET", {"bench": 0.5, "cluster": 60.0})
    source = """
        import threading

        @pytest.fixture
        def stuck():
            yield
            threading.Event().wait()

        @covers('PRE-01')
        def test_it(bench, stuck):
            threading.Event().wait()
    """

    assert only(stand_in.run(source)).result is TestResult.INCONCLUSIVE


def test_results_reach_the_judge(stand_in: StandIn) -> None:
    source = """
        @covers('PRE-01')
        def test_good(bench):
            pass

        @covers('PRE-01')
        def test_bad(bench):
            assert False, 'bad'
    """

    collector = stand_in.run(source)

    assert [found.result for found in collector.judgements()] == [Result.FAIL]
    assert [found.test.rpartition("::")[2] for found in collector.outcomes] == [
        "test_good",
        "test_bad",
    ]

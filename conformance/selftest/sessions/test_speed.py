"""The figures of the benchmark and their table; what they are is nobody's test."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.conformance.problems import Inconclusive, SetupProblem
from drawplate.conformance.selftest import speed
from drawplate.conformance.selftest.speed_parts.checks import seconds_by_test
from drawplate.conformance.selftest.speed_parts.figures import Series, show, table
from drawplate.conformance.selftest.speed_parts.session import Clock, Part, Session
from drawplate.fixtures.progress import silent

HUNDRED = Series("calls", "ms", tuple(float(number) for number in range(200, 0, -1)))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(silent(), tmp_path)


def test_median_lies_between_the_middle_two() -> None:
    assert Series("x", "s", (4.0, 1.0, 3.0, 2.0)).median == 2.5
    assert Series("x", "s", (9.0, 1.0, 2.0)).median == 2.0


def test_p99_is_exceeded_by_one_percent() -> None:
    assert HUNDRED.p99 == 198.0
    assert sum(sample > 198.0 for sample in HUNDRED.samples) == 2


def test_p99_of_few_samples_is_not_told() -> None:
    assert Series("x", "s", tuple(map(float, range(99)))).p99 is None
    assert Series("x", "s", tuple(map(float, range(100)))).p99 == 98.0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.00051, "0.001"),
        (0.4217, "0.422"),
        (6.184, "6.18"),
        (42.15, "42.1"),
        (351.6, "352"),
        (12345.6, "12346"),
    ],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert show(value) == text


def test_table_is_markdown_with_columns_of_one_width() -> None:
    lines = table([Series("up", "s", (6.0, 5.0, 7.0)), HUNDRED]).splitlines()

    assert len({len(line) for line in lines}) == 1
    assert lines[1].startswith("| ---")
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        "up",
        "3",
        "6.00 s",
        "",
        "5.00 s",
        "7.00 s",
    ]
    assert "198 ms" in lines[3]


def test_single_sample_is_not_its_own_extremes() -> None:
    assert Series("up", "s", (6.0,)).row() == ("up", "1", "6.00 s", "", "", "")


def test_record_keeps_every_sample() -> None:
    record = json.loads(json.dumps(HUNDRED.record()))

    assert record["samples"] == list(HUNDRED.samples)
    assert (record["median"], record["p99"], record["unit"]) == (100.5, 198.0, "ms")


def test_turn_that_raises_does_not_count() -> None:
    clock = Clock()

    with clock.turn():
        pass
    with pytest.raises(ValueError, match="no"), clock.turn():
        raise ValueError("no")

    assert len(clock.series("x").samples) == 1


def test_test_of_several_requirements_counts_once() -> None:
    one, two = {"id": "test_a", "seconds": 0.5}, {"id": "test_b", "seconds": 1.5}
    report = {"requirements": [{"tests": [one, two]}, {"tests": [one]}, {"tests": []}]}

    assert seconds_by_test(report) == {"test_a": 0.5, "test_b": 1.5}


def test_part_that_breaks_off_keeps_nobody_back(session: Session) -> None:
    def breaks_off(_session: Session) -> Iterator[Series]:
        yield HUNDRED
        raise Inconclusive("the driver went away")

    def goes_on(_session: Session) -> Iterator[Series]:
        yield Series("later", "s", (1.0,))

    results = speed.Results({})
    parts = [Part("first", breaks_off), Part("rooted", goes_on, root=True), Part("last", goes_on)]
    speed.measure(parts, session, results, root=False)

    assert [series.title for series in results.found] == ["calls", "later"]
    assert results.broken == {"first": "the driver went away"}
    assert list(results.left_out) == ["rooted"]
    assert "broken off: first: the driver went away" in results.text()


def test_fault_of_the_benchmark_itself_is_not_hidden(session: Session) -> None:
    def is_wrong(_session: Session) -> Iterator[Series]:
        raise KeyError("a bug")
        yield HUNDRED

    with pytest.raises(KeyError):
        speed.measure([Part("wrong", is_wrong)], session, speed.Results({}), root=True)


def test_session_measures_and_writes_every_sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "speed.json"

    assert speed.main(["--quick", "--only", "command", "--out", str(out)]) == 0

    titles = [entry["title"] for entry in json.loads(out.read_text(encoding="utf-8"))["series"]]
    assert len(titles) == 2
    printed = capsys.readouterr().out
    assert all(title in printed for title in titles)


def test_file_that_cannot_be_written_is_told_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "nowhere" / "speed.json"

    assert speed.main(["--only", "command", "--out", str(out)]) == SetupProblem.exit_code
    assert str(out) in capsys.readouterr().err


def test_every_part_has_a_name_of_its_own() -> None:
    names = [part.name for part in speed.PARTS]

    assert len(names) == len(set(names))

"""A report as Markdown: everything that did not pass, and nothing of a driver's text obeyed."""

import html
import re
from pathlib import Path

import pytest

from drawplate.reports.markdown import main, render_markdown
from drawplate.reports.model import Cluster, Finding, Result, Verdict
from drawplate.reports.reading import read
from drawplate.reports.tests.builders import make_failure, make_report, make_result
from drawplate.reports.tests.samples import names


@pytest.mark.parametrize("name", names())
def test_the_page_names_verdict_driver_and_command(name: str, samples: dict[str, Path]) -> None:
    report = read(samples[name])

    shown = html.unescape(render_markdown(report))

    assert str(report.verdict).upper() in shown.splitlines()[0]
    assert report.driver.name in shown.splitlines()[0]
    assert report.run.command in shown


@pytest.mark.parametrize("name", names())
def test_all_that_matters_for_the_verdict_is_named(name: str, samples: dict[str, Path]) -> None:
    report = read(samples[name])
    grave = {Result.FAIL, Result.INCONCLUSIVE, Result.KNOWN_FAILURE}
    ids = {e.id for e in report.requirements if e.level == "MUST" and e.result in grave}

    shown = html.unescape(render_markdown(report))

    assert ids <= set(re.findall(r"\*\*([A-Z0-9-]+)\*\*", shown))


def test_counts_are_a_table_by_height_and_level() -> None:
    results = [make_result(), make_result(id="A1"), make_result(Result.FAIL, id="A2")]

    page = render_markdown(make_report(*results, verdict=Verdict.NOT_CONFORMANT))

    assert "|  | pass | fail |\n| :-- | --: | --: |\n| bench MUST | 2 | 1 |" in page


def test_a_failure_is_told_with_what_was_seen_and_what_to_do() -> None:
    test = make_failure(seen="S\n  more", hint="H")

    page = render_markdown(make_report(make_result(Result.FAIL, tests=(test,))))

    assert "#### Not met (1)" in page
    assert "<br>seen <code>S more</code><br>to do <code>H</code>" in page


@pytest.mark.parametrize(
    "text",
    [
        "</code><script>x</script>",
        "a | b",
        "`tick` **bold** [x](http://x.example)",
        "# head @someone &amp; <!-- hidden",
        "\x1b[31mred\x1b[0m",
    ],
)
def test_markup_of_a_driver_is_shown_and_not_obeyed(text: str) -> None:
    test = make_failure(seen=text)

    page = render_markdown(make_report(make_result(Result.FAIL, tests=(test,))))

    (seen,) = re.findall(r"<br>seen <code>(.*?)</code>", page)
    assert not re.search(r"[<>|`*\[\]@\x1b]", seen)
    assert html.unescape(seen) == re.sub("\x1b\\[[0-9]*m", "", text)


def test_a_finding_against_the_driver_is_told() -> None:
    finding = Finding(title="PRE-01 passes", detail="remove it", affects_verdict=True)

    page = render_markdown(make_report(make_result(), findings=(finding,)))

    assert "PRE-01 passes<br>remove it" in page


def test_what_the_run_stood_on_is_told() -> None:
    cluster = Cluster(height="cluster", provider="kind", kubernetes="1.37.2", nodes=3)

    page = render_markdown(make_report(make_result(), clusters=(cluster,)))

    assert "in the cluster Kubernetes 1.37.2, provider kind, 3 nodes, gates default" in page


def test_a_long_list_is_cut_and_says_so() -> None:
    results = [make_result(Result.FAIL, id=f"X-{number}") for number in range(60)]

    page = render_markdown(make_report(*results, verdict=Verdict.NOT_CONFORMANT))

    assert "#### Not met (60)" in page
    assert "- and 10 more, in the report" in page
    assert len(page.encode()) < 1 << 20


def test_the_command_prints_the_page(
    samples: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = samples[names()[0]]

    assert main([str(folder)]) == 0
    assert capsys.readouterr().out == render_markdown(read(folder))


def test_the_command_tells_what_is_no_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 3
    assert "the report cannot be read" in capsys.readouterr().err

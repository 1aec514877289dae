"""The page is whole, stands alone, and shows what the report says."""

import base64
import hashlib
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest

from drawplate.reports.html.page import render_page
from drawplate.reports.model import Result, Verdict
from drawplate.reports.reading import read
from drawplate.reports.tests.builders import make_failure, make_report, make_result
from drawplate.reports.tests.page_tree import Page
from drawplate.reports.tests.samples import names

every_sample = pytest.mark.parametrize("name", names())


@pytest.fixture(scope="session")
def pages(samples: dict[str, Path]) -> dict[str, Page]:
    return {
        name: Page((folder / "report.html").read_text(encoding="utf-8"))
        for name, folder in samples.items()
    }


@every_sample
def test_every_tag_is_closed_in_order(name: str, pages: dict[str, Page]) -> None:
    assert pages[name].faults == []


@every_sample
def test_ids_are_unique_and_links_within_the_page_lead_somewhere(
    name: str, pages: dict[str, Page]
) -> None:
    ids = [e.attributes["id"] for e in pages[name].elements if "id" in e.attributes]
    links = [e.attributes.get("href", "") for e in pages[name].all("a", "use")]

    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


@every_sample
def test_links_to_evidence_lead_to_files(
    name: str, pages: dict[str, Page], samples: dict[str, Path]
) -> None:
    links = {e.attributes.get("href", "") for e in pages[name].all("a")}
    local = {link for link in links if not link.startswith(("#", "https://", "http://"))}

    assert local
    assert [link for link in local if not (samples[name] / unquote(link)).is_file()] == []


@every_sample
def test_nothing_is_loaded_from_elsewhere(name: str, pages: dict[str, Page]) -> None:
    page = pages[name]

    assert page.all("link", "img", "iframe", "object", "embed", "base") == []
    assert [e for e in page.elements if "src" in e.attributes] == []
    assert "url(" not in page.one("style").text
    assert "@import" not in page.one("style").text


@every_sample
def test_only_our_own_script_and_style_are_permitted(name: str, pages: dict[str, Page]) -> None:
    page = pages[name]
    (policy,) = [
        e.attributes["content"]
        for e in page.all("meta")
        if e.attributes.get("http-equiv") == "Content-Security-Policy"
    ]

    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        content = "".join(page.one(tag).pieces)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


@every_sample
def test_no_text_of_a_driver_becomes_markup(name: str, pages: dict[str, Page]) -> None:
    page = pages[name]
    handlers = [a for e in page.elements for a in e.attributes if a.startswith("on")]
    styles = [e for e in page.elements if "style" in e.attributes]
    links = [e.attributes.get("href", "") for e in page.elements]

    assert handlers == []
    assert styles == []
    assert [link for link in links if link.lower().startswith(("javascript:", "data:"))] == []


def test_hostile_text_is_shown_as_text(pages: dict[str, Page]) -> None:
    page = pages["hostile"]

    assert page.all("title")[0].text.startswith("<script>alert('name')</script>")
    seen = " ".join(e.text for e in page.classed("seen"))
    assert "bell\\x07 null\\x00 escapered bidi\\u202etxt" in seen
    assert "</script><script>alert('seen')</script>" in seen
    assert "javascript:alert('link')" in " ".join(e.text for e in page.classed("reason"))
    assert "{{ 7 * 7 }}" in " ".join(e.text for e in page.classed("row"))


@every_sample
def test_the_verdict_is_the_only_first_heading(
    name: str, pages: dict[str, Page], samples: dict[str, Path]
) -> None:
    assert pages[name].one("h1").text.lower() == str(read(samples[name]).verdict)


@every_sample
def test_headings_do_not_skip_a_level(name: str, pages: dict[str, Page]) -> None:
    levels = [int(e.tag[1]) for e in pages[name].all("h1", "h2", "h3", "h4")]

    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


@every_sample
def test_table_headings_say_what_they_head(name: str, pages: dict[str, Page]) -> None:
    headings = pages[name].all("th")

    assert headings
    assert [e.text for e in headings if e.attributes.get("scope") is None] == []


@every_sample
def test_the_matrix_has_each_result_in_words(
    name: str, pages: dict[str, Page], samples: dict[str, Path]
) -> None:
    words = {
        Result.PASS: "Pass",
        Result.FAIL: "Fail",
        Result.KNOWN_FAILURE: "Known failure",
        Result.INCONCLUSIVE: "Inconclusive",
        Result.NOT_APPLICABLE: "Not applicable",
        Result.NOT_RUN: "Not run",
    }
    for entry in read(samples[name]).requirements:
        row = pages[name].by_id(f"requirement-{entry.id}").text
        is_advice = entry.level == "SHOULD" and entry.result is Result.FAIL
        assert entry.text in row
        assert ("Not met" if is_advice else words[entry.result]) in row


def test_every_failure_is_told_with_its_parts(
    pages: dict[str, Page], samples: dict[str, Path]
) -> None:
    failed = [e for e in read(samples["not-conformant"]).requirements if e.failures]

    assert failed
    for entry in failed:
        story = pages["not-conformant"].by_id(f"result-{entry.id}-{entry.height}").text
        failure = entry.failures[0].failure
        assert failure is not None
        for part in (failure.required, failure.seen, failure.where, failure.hint):
            assert " ".join(part.split()) in story
        assert entry.reason in story
        assert entry.link in story


def test_a_requirement_that_is_its_own_obligation_is_not_told_twice(tmp_path: Path) -> None:
    sentence = "Preparing twice returns the same devices."
    entry = make_result(Result.FAIL, tests=(make_failure(required=sentence, seen="others"),))
    page = Page(render_page(make_report(entry), tmp_path))

    story = page.by_id("result-PRE-07-bench").text
    assert story.count(sentence) == 1
    assert f"Required {sentence}" in story


def test_reasons_of_what_does_not_apply_are_told(
    pages: dict[str, Page], samples: dict[str, Path]
) -> None:
    section = " ".join(e.text for e in pages["conformant"].classed("plain"))

    for entry in read(samples["conformant"]).requirements:
        if entry.result is Result.NOT_APPLICABLE:
            assert entry.reason in section


def test_a_contradiction_of_profile_and_driver_is_named(pages: dict[str, Page]) -> None:
    tables = " ".join(e.text for e in pages["not-conformant"].classed("plain"))

    assert "health service absent present contradiction" in tables


def test_calls_that_a_failure_cites_are_marked(pages: dict[str, Page]) -> None:
    rows = pages["not-conformant"].classed("cited")

    assert [row.text.split()[0] for row in rows[:2]] == ["18", "21"]


def test_the_command_is_shown_whole(pages: dict[str, Page], samples: dict[str, Path]) -> None:
    assert pages["conformant"].by_id("command").text == read(samples["conformant"]).run.command


def test_the_page_names_the_report_that_it_shows(samples: dict[str, Path]) -> None:
    folder = samples["conformant"]
    digest = hashlib.sha256((folder / "report.json").read_bytes()).hexdigest()

    assert f"sha256:{digest}" in (folder / "report.html").read_text(encoding="utf-8")


def test_filters_stay_hidden_until_the_script_runs(pages: dict[str, Page]) -> None:
    (form,) = pages["conformant"].all("form")

    assert "hidden" in form.attributes
    assert [e for e in pages["conformant"].all("tr") if "hidden" in e.attributes] == []


def test_a_page_without_any_result_is_a_page(tmp_path: Path) -> None:
    page = Page(render_page(make_report(), tmp_path))

    assert page.faults == []
    assert page.one("h1").text == "Inconclusive"
    assert [e.text for e in page.classed("lead")] == ["No requirement was judged."]


@pytest.mark.parametrize(
    ("height", "told"),
    [("bench", "real kubelet and scheduler"), ("cluster", "concurrency and faults of calls")],
)
def test_what_one_height_cannot_show_is_said(height: str, told: str, tmp_path: Path) -> None:
    report = make_report(make_result(height=height), verdict=Verdict.CONFORMANT)

    (notices,) = Page(render_page(report, tmp_path)).classed("notices")
    assert told in notices.text


def test_a_narrowed_run_is_no_full_certification(tmp_path: Path) -> None:
    report = make_report(make_result())
    run = report.run.model_copy(update={"selection": ("PRE-07",)})
    page = Page(render_page(report.model_copy(update={"run": run}), tmp_path))

    assert "no full certification" in " ".join(e.text for e in page.classed("notices"))


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        (ink, ground)
        for ground in ("paper", "card")
        for ink in ("ink", "quiet", "link", "pass", "fail", "known", "inconclusive", "advice", "na")
    ]
    + [
        ("ink", "sunk"),
        ("ink", "cited"),
        ("quiet", "cited"),
        ("ink", "pass-tint"),
        ("ink", "fail-tint"),
        ("pass", "pass-tint"),
        ("fail", "fail-tint"),
        ("known", "known-tint"),
        ("inconclusive", "unclear-tint"),
        ("advice", "unclear-tint"),
    ],
)
def test_text_contrasts_as_wcag_aa_demands(
    ink: str, ground: str, scheme: int, pages: dict[str, Page]
) -> None:
    style = "".join(pages["conformant"].one("style").pieces)
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[scheme]))

    bright, dark = sorted((_luminance(colours[ink]), _luminance(colours[ground])), reverse=True)
    assert (bright + 0.05) / (dark + 0.05) >= 4.5

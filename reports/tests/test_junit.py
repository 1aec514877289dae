"""JUnit: well formed whatever drivers write, and of one mind with the verdict."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from drawplate.reports.junit import render_junit
from drawplate.reports.model import Report, Result, Verdict
from drawplate.reports.reading import read
from drawplate.reports.tests.builders import make_failure, make_report, make_result
from drawplate.reports.tests.samples import names


def _parse(report: Report) -> ET.Element:
    # Written by us a line above.
    return ET.fromstring(render_junit(report))  # noqa: S314


def _case(report: Report, name: str = "PRE-07") -> ET.Element:
    (case,) = [c for c in _parse(report).iter("testcase") if c.get("name", "").startswith(name)]
    return case


@pytest.mark.parametrize("name", names())
def test_the_file_has_the_structure_that_ci_systems_read(
    name: str, samples: dict[str, Path]
) -> None:
    # The written file is what CI systems get.
    root = ET.parse(samples[name] / "junit.xml").getroot()  # noqa: S314

    assert root.tag == "testsuites"
    assert {child.tag for child in root} == {"testsuite"}
    for suite in root:
        assert {"name", "tests", "failures", "errors", "skipped", "time"} <= set(suite.attrib)
        cases = suite.findall("testcase")
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped",) * 2):
            assert int(suite.attrib[attribute]) == sum(c.find(tag) is not None for c in cases)
        assert int(suite.attrib["tests"]) == len(cases)
        for case in cases:
            assert case.get("classname") == suite.get("name")
            assert float(case.attrib["time"]) >= 0
            outcomes = [child for child in case if child.tag in {"failure", "error", "skipped"}]
            assert len(outcomes) <= 1
            assert {child.tag for child in case} <= {"failure", "error", "skipped", "system-out"}


@pytest.mark.parametrize("name", names())
def test_every_result_is_one_case(name: str, samples: dict[str, Path]) -> None:
    report = read(samples[name])

    cases = {(c.get("classname"), c.get("name")) for c in _parse(report).iter("testcase")}

    expected = {
        (f"drawplate.{entry.height}.{entry.area}", f"{entry.id}: {entry.text}")
        for entry in report.requirements
    }
    assert cases == expected | {("drawplate.run", "verdict")}


@pytest.mark.parametrize(
    ("result", "level", "tag"),
    [
        (Result.PASS, "MUST", None),
        (Result.FAIL, "MUST", "failure"),
        (Result.FAIL, "SHOULD", "skipped"),
        (Result.INCONCLUSIVE, "MUST", "error"),
        (Result.KNOWN_FAILURE, "MUST", "skipped"),
        (Result.NOT_APPLICABLE, "MUST", "skipped"),
        (Result.NOT_RUN, "MUST", "skipped"),
    ],
)
def test_each_result_has_its_form(result: Result, level: str, tag: str | None) -> None:
    case = _case(make_report(make_result(result, level=level)))

    assert [child.tag for child in case] == ([tag] if tag else [])


@pytest.mark.parametrize(
    ("verdict", "tag"),
    [
        (Verdict.CONFORMANT, None),
        (Verdict.NOT_CONFORMANT, "failure"),
        (Verdict.INCONCLUSIVE, "error"),
    ],
)
def test_the_verdict_is_a_case_of_its_own(verdict: Verdict, tag: str | None) -> None:
    case = _case(make_report(make_result(), verdict=verdict), "verdict")

    assert [child.tag for child in case] == ([tag] if tag else [])


def test_a_failure_tells_its_four_parts() -> None:
    test = make_failure(required="R", seen="S", where="W:1", hint="H")
    case = _case(make_report(make_result(Result.FAIL, tests=(test,))))

    lines = (case.findtext("failure") or "").splitlines()
    told = dict(line.split(maxsplit=1) for line in lines[1:])
    assert told == {"required": "R", "seen": "S", "where": "W:1", "hint": "H"}


def test_a_known_failure_names_reason_and_link() -> None:
    entry = make_result(Result.KNOWN_FAILURE, reason="late", link="https://issues.example/1")
    skipped = _case(make_report(entry)).find("skipped")

    assert skipped is not None
    assert skipped.get("message") == "known failure: late https://issues.example/1"


def test_what_xml_cannot_hold_is_spelt_out() -> None:
    test = make_failure(seen="null \0 escape \x1b[31mred\x1b[0m cdata ]]> and \ud800 \uffff")
    case = _case(make_report(make_result(Result.FAIL, tests=(test,))))

    told = case.findtext("failure") or ""
    assert "null \\x00 escape red cdata ]]> and \\ud800 \\uffff" in told


def test_a_huge_message_is_cut_and_says_so() -> None:
    test = make_failure(seen="x" * 5_000_000)
    text = render_junit(make_report(make_result(Result.FAIL, tests=(test,))))

    assert len(text) < 100_000
    assert "more characters" in text

"""JUnit XML for CI systems: one suite per height and area, one case per requirement.

JUnit knows fewer results than a report has. They are told so that a system which judges by
JUnit comes to the same verdict as the exit code:

    MUST fail           failure
    SHOULD fail         skipped, message "SHOULD not met …": it never changes the verdict
    inconclusive        error
    known failure       skipped, message "known failure: …": the verdict case below judges it
    not applicable      skipped, message "not applicable: …"
    not run             skipped, message "not run …"

The first suite, `drawplate.run`, holds one case, `verdict`: a failure when the driver is not
conformant, an error when the run is inconclusive.
"""

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree as ET

from drawplate.reports.model import Report, RequirementResult, Result, TestRun, Verdict
from drawplate.reports.plain import clip, visible

# CI systems keep the file in memory; the whole text stands in report.json.
_LIMIT = 20_000


def render_junit(report: Report) -> str:
    """Give the report as JUnit XML."""
    root = ET.Element("testsuites", name="drawplate")
    root.append(_verdict_suite(report))
    ordered = sorted(report.requirements, key=lambda entry: (entry.height, entry.area))
    for (height, area), entries in groupby(ordered, key=lambda e: (e.height, e.area)):
        cases = [_case(entry) for entry in entries]
        root.append(_suite(report, f"drawplate.{height}.{area}", cases))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{report.run.seconds or 0.0:.3f}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _text(text: str) -> str:
    return clip(visible(text), _LIMIT)


def _suite(report: Report, name: str, cases: Sequence[ET.Element]) -> ET.Element:
    suite = ET.Element("testsuite", name=_text(name), tests=str(len(cases)))
    for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
    suite.set("timestamp", report.run.started.strftime("%Y-%m-%dT%H:%M:%S"))
    suite.extend(cases)
    return suite


def _verdict_suite(report: Report) -> ET.Element:
    case = ET.Element("testcase", classname="drawplate.run", name="verdict", time="0.000")
    told = "\n".join(report.reasons)
    if report.verdict is Verdict.NOT_CONFORMANT:
        _outcome(case, "failure", str(report.verdict), told)
    elif report.verdict is Verdict.INCONCLUSIVE:
        _outcome(case, "error", str(report.verdict), told)
    suite = _suite(report, "drawplate.run", [case])
    properties = ET.Element("properties")
    for name, value in _facts(report):
        ET.SubElement(properties, "property", name=name, value=_text(value))
    suite.insert(0, properties)
    return suite


def _facts(report: Report) -> list[tuple[str, str]]:
    facts = [
        ("driver", report.driver.name),
        ("driver.version", report.driver.version),
        ("profile", report.driver.profile),
        ("profile.digest", report.driver.profile_digest),
        ("suite.version", report.suite.version),
        ("suite.digest", report.suite.digest),
        ("command", report.run.command),
        ("seed", str(report.run.seed)),
        ("state", report.run.state),
    ]
    return facts + [(f"kubernetes.{c.height}", c.kubernetes) for c in report.clusters]


def _case(entry: RequirementResult) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=_text(f"drawplate.{entry.height}.{entry.area}"),
        name=_text(f"{entry.id}: {entry.text}"),
        time=f"{entry.seconds:.3f}",
    )
    told = "\n\n".join(_tell(test) for test in entry.tests if test.failure)
    first = next((test.failure.seen for test in entry.tests if test.failure), "")
    if entry.result is Result.FAIL and entry.level == "MUST":
        _outcome(case, "failure", first, told)
    elif entry.result is Result.FAIL:
        _outcome(case, "skipped", f"SHOULD not met, which is no failure of the run: {first}", told)
    elif entry.result is Result.INCONCLUSIVE:
        _outcome(case, "error", entry.reason, told)
    elif entry.result is not Result.PASS:
        reason = ": ".join(filter(None, (str(entry.result), entry.reason)))
        _outcome(case, "skipped", " ".join(filter(None, (reason, entry.link))), told)
    if entry.evidence:
        ET.SubElement(case, "system-out").text = _text("\n".join(("evidence:", *entry.evidence)))
    return case


def _outcome(case: ET.Element, tag: str, message: str, text: str) -> None:
    outcome = ET.SubElement(case, tag, message=clip(" ".join(visible(message).split()), 500))
    if tag != "skipped":
        outcome.set("type", tag)
    outcome.text = _text(text)


def _tell(test: TestRun) -> str:
    failure = test.failure
    if failure is None:
        return test.id
    parts = (
        ("required", failure.required),
        ("seen", failure.seen),
        ("where", failure.where),
        ("hint", failure.hint),
    )
    return "\n".join([test.id, *(f"{name:9} {text}" for name, text in parts if text)])

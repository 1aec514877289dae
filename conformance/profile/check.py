"""Everything about a profile that can be wrong although its form is right."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from drawplate.conformance.profile.check_commands import command_findings
from drawplate.conformance.profile.check_references import reference_findings
from drawplate.conformance.profile.check_texts import text_findings
from drawplate.conformance.profile.findings import Complaint, Finding, ProfileProblem
from drawplate.conformance.profile.load import read_modes
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.yamltree import Tree

_CHECKS: tuple[Callable[[Profile, date], Iterator[Complaint]], ...] = (
    text_findings,
    command_findings,
    reference_findings,
)


def check(file: Path, today: date) -> list[Finding]:
    """Give everything that is wrong with a profile and its variants, in the order of the file.

    Beyond what loading refuses: unknown placeholders, commands and manifests that are not there,
    names that refer to nothing, known failures that are out of date on `today`.
    """
    try:
        modes = read_modes(file)
    except ProfileProblem as problem:
        return list(problem.findings)
    found = {
        (finding.line, finding.what): finding
        for profile, tree in modes
        for finding in _findings(profile, tree, today)
    }
    return sorted(found.values(), key=lambda finding: finding.line)


def _findings(profile: Profile, tree: Tree, today: date) -> Iterator[Finding]:
    for run in _CHECKS:
        for path, what, cure in run(profile, today):
            yield Finding(what, cure, tree.spot(path).line, path)

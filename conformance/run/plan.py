"""The plan of a run: which requirements are checked where, and which do not apply, and why."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from drawplate.conformance import catalogue
from drawplate.conformance.catalogue import Height, Requirement
from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.run.needs import unmet
from drawplate.conformance.verdict.judge import KnownFailure
from drawplate.conformance.verdict.outcomes import Judgement, Result


@dataclass(frozen=True, slots=True)
class Plan:
    """`checks` are to run; `exempt` are judged already, as not applicable."""

    checks: tuple[tuple[str, Height], ...]
    exempt: tuple[Judgement, ...]

    @property
    def heights(self) -> set[Height]:
        """Give the heights that the checks need."""
        return {height for _, height in self.checks}


def make_plan(
    profile: Profile, heights: Collection[Height], minor: str, selection: Sequence[str] = ()
) -> Plan:
    """Decide what to run on Kubernetes `minor` ("1.37").

    Raises SetupProblem when the selection names nothing that exists at these heights, or `minor`
    is no version.
    """
    chosen: Sequence[Requirement] = (
        catalogue.find(dict.fromkeys(selection)) if selection else list(catalogue.load().values())
    )
    checks: list[tuple[str, Height]] = []
    exempt: list[Judgement] = []
    for requirement in chosen:
        reason = _exemption(requirement, profile, minor)
        for height in requirement.heights:
            if height not in heights or requirement.retired:
                continue
            if reason:
                exempt.append(Judgement(requirement, height, Result.NOT_APPLICABLE, reason))
            else:
                checks.append((requirement.id, height))
    if not checks and not exempt:
        raise SetupProblem(
            f"none of {', '.join(selection)} is checked at the height {' or '.join(heights)}",
            where="--select, --height",
            cure="`drawplate requirements ID` shows the heights of a requirement",
        )
    return Plan(tuple(checks), tuple(exempt))


def _exemption(requirement: Requirement, profile: Profile, minor: str) -> str:
    if _number(minor) < _number(requirement.since):
        return f"the rule exists since Kubernetes {requirement.since}; this is {minor}"
    return unmet(requirement.needs, profile)


def _number(minor: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in minor.removeprefix("v").split("."))
    except ValueError as error:
        raise SetupProblem(
            f"{minor!r} is no version of Kubernetes",
            where="--kubernetes",
            cure="write it as 1.37",
        ) from error


def admitted(profile: Profile, today: date) -> list[KnownFailure]:
    """Give the profile's known failures that hold `today`, in the judge's terms."""
    return [
        KnownFailure(entry.requirement, entry.heights, entry.reason, entry.link)
        for entry in profile.known_failures
        if today <= entry.until
    ]

"""The plan of a run: which requirements are checked where, and which do not apply, and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from drawplate.conformance import catalogue
from drawplate.conformance.catalogue import Height, Requirement
from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.run.needs import unmet
from drawplate.conformance.run.node_needs import lacking
from drawplate.conformance.run.offer import Offer
from drawplate.conformance.verdict.judge import KnownFailure
from drawplate.conformance.verdict.outcomes import Judgement, Result
from drawplate.fixtures.clusters.provider import ABILITIES


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
    profile: Profile,
    offers: Mapping[Height, Offer],
    selection: Sequence[str] = (),
    abilities: Collection[str] = ABILITIES,
) -> Plan:
    """Decide what to run at the heights of `offers`, on nodes with these abilities.

    `offers` say what the Kubernetes of each height offers. Raises SetupProblem when the selection
    names nothing that exists at these heights.
    """
    chosen: Sequence[Requirement] = (
        catalogue.find(dict.fromkeys(selection)) if selection else list(catalogue.load().values())
    )
    checks: list[tuple[str, Height]] = []
    exempt: list[Judgement] = []
    for requirement in chosen:
        for height in requirement.heights:
            if height not in offers or requirement.retired:
                continue
            in_cluster = height == "cluster"
            needs = requirement.node if in_cluster else ()
            alien = offers[height].lacks(requirement) or unmet(requirement.needs, profile)
            distant = offers[height].puts_out_of_reach(requirement) if in_cluster else ""
            distant = distant or lacking(needs, profile, abilities)
            if alien or distant:
                exempt.append(_exempt(requirement, height, alien, distant))
            else:
                checks.append((requirement.id, height))
    if not checks and not exempt:
        raise SetupProblem(
            f"none of {', '.join(selection)} is checked at the height {' or '.join(offers)}",
            where="--select, --height",
            cure="`drawplate requirements ID` shows the heights of a requirement",
        )
    return Plan(tuple(checks), tuple(exempt))


def _exempt(requirement: Requirement, height: Height, alien: str, distant: str) -> Judgement:
    """Give the reason of driver or version before that of the run: more nodes would not help."""
    return Judgement(
        requirement,
        height,
        Result.NOT_APPLICABLE,
        alien or distant,
        out_of_reach=not alien,
    )


def admitted(profile: Profile, today: date) -> list[KnownFailure]:
    """Give the profile's known failures that hold `today`, in the judge's terms."""
    return [
        KnownFailure(entry.requirement, entry.heights, entry.reason, entry.link)
        for entry in profile.known_failures
        if today <= entry.until
    ]

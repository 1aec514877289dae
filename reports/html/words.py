"""How results are named and coloured on the page."""

from dataclasses import dataclass

from drawplate.reports.model import RequirementResult, Result


@dataclass(frozen=True, slots=True)
class Look:
    """The word for a result, and the tone: a CSS class, and the name of an SVG symbol."""

    word: str
    tone: str


_LOOKS = {
    Result.PASS: Look("Pass", "pass"),
    Result.FAIL: Look("Fail", "fail"),
    Result.KNOWN_FAILURE: Look("Known failure", "known"),
    Result.INCONCLUSIVE: Look("Inconclusive", "inconclusive"),
    Result.NOT_APPLICABLE: Look("Not applicable", "na"),
    Result.NOT_RUN: Look("Not run", "notrun"),
}
# A SHOULD that failed must not look like what makes a driver not conformant.
_ADVICE = Look("Not met", "advice")

# In the order of legends and bars.
LOOKS = (
    _LOOKS[Result.PASS],
    _LOOKS[Result.FAIL],
    _LOOKS[Result.KNOWN_FAILURE],
    _LOOKS[Result.INCONCLUSIVE],
    _ADVICE,
    _LOOKS[Result.NOT_APPLICABLE],
    _LOOKS[Result.NOT_RUN],
)


def look(entry: RequirementResult) -> Look:
    """Give how the result looks."""
    if entry.result is Result.FAIL and entry.level == "SHOULD":
        return _ADVICE
    return _LOOKS[entry.result]

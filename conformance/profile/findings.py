"""What is wrong with a profile: each finding with its line, its key and its cure."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drawplate.emulators.problems import SetupProblem

KeyPath = tuple[str | int, ...]
# A finding before its line is known: path, what, cure.
Complaint = tuple[KeyPath, str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; `line` is 0 when it concerns the whole file."""

    what: str
    cure: str
    line: int = 0
    path: KeyPath = ()

    def where(self, file: Path) -> str:
        """Give the place as FILE:LINE (key)."""
        place = f"{file}:{self.line}" if self.line else str(file)
        return f"{place} ({dotted(self.path)})" if self.path else place


class ProfileProblem(SetupProblem):
    """A profile that cannot be used; `findings` has everything that is wrong with it."""

    def __init__(self, file: Path, findings: Sequence[Finding]) -> None:
        """Take the first finding as the problem itself."""
        first = findings[0]
        super().__init__(first.what, where=first.where(file), cure=first.cure)
        self.file = file
        self.findings = tuple(findings)

    def __str__(self) -> str:
        return "\n".join(
            str(SetupProblem(entry.what, where=entry.where(self.file), cure=entry.cure))
            for entry in self.findings
        )


def refuse(file: Path, findings: Iterable[Finding]) -> ProfileProblem:
    """Make the error for at least one finding, in the order of the file."""
    return ProfileProblem(file, sorted(findings, key=lambda finding: finding.line))


def dotted(path: KeyPath) -> str:
    """Write a path as people do: requests[0].expect.devices."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(word: str, known: Iterable[str]) -> str:
    """Give the known word that is most like `word`, "" when none is like it."""
    by_folded = {entry.casefold().replace("_", ""): entry for entry in known}
    folded = word.casefold().replace("_", "").replace("-", "")
    close = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else ""


def suggest(word: str, known: Sequence[str]) -> str:
    """Give the cure for an unknown word: the nearest one, else all that are known."""
    like = nearest(word, known)
    if like:
        return f"did you mean {like!r}?"
    return f"known here: {', '.join(known)}" if known else "remove it"

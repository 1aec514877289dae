"""What went wrong, where, and what to do about it: the root of every error that a user sees.

Problem                  one clear message; never a traceback
├── SetupProblem         exit 3: a wrong file, flag, version, privilege or missing tool
└── SuiteError           exit 4: Drawplate itself is at fault
"""


class Problem(Exception):
    """An error that a user can act upon.

    `what` says what is wrong, `where` names the file and line, flag, path or address,
    `cure` says what to do. `str()` gives the three as at most three lines.
    """

    exit_code = 4

    def __init__(self, what: str, *, where: str = "", cure: str = "") -> None:
        """Keep the three parts; leave out what is not known."""
        super().__init__(what)
        self.what = what
        self.where = where
        self.cure = cure

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where  {self.where}")
        if self.cure:
            lines.append(f"  cure   {self.cure}")
        return "\n".join(lines)


class SetupProblem(Problem):
    """Something outside Drawplate is not as it must be: nothing was tested."""

    exit_code = 3


class SuiteError(Problem):
    """Drawplate itself failed: neither a verdict on the driver nor the user's fault."""

    exit_code = 4

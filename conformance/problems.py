"""What can end a run, a test or a command early, beside a failure of the product.

    Problem                  drawplate.emulators.problems
    ├── SetupProblem         exit 3
    └── SuiteError           exit 4
    Inconclusive             a test's premise could not be established; never a pass, never a fail

Failures of the product are assertions.
"""

from drawplate.emulators.problems import Problem, SetupProblem, SuiteError

__all__ = ["Inconclusive", "Problem", "SetupProblem", "SuiteError"]


class Inconclusive(Exception):
    """A test cannot tell: what it builds upon did not come about.

    `str()` says what was missing. The name is that of the result, not of an error.
    """

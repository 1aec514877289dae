"""The command `drawplate`: finds the sub-command, turns problems into one message and a code."""

import argparse
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from typing import NoReturn

from drawplate.conformance.cli.output import settle, tell
from drawplate.emulators.problems import Problem, SuiteError

COMMANDS = (
    "certify",
    "requirements",
    "profile",
    "machine",
    "cluster",
    "components",
    "hw",
    "node",
    "doctor",
    "ci",
)
INTERRUPTED = 130  # 128 + SIGINT, as shells report it

EPILOGUE = """\
exit codes
  0  conformant (or the command did what it should)
  1  not conformant
  2  inconclusive
  3  set-up problem: nothing was tested
  4  error of the suite itself
"""


class _Parser(argparse.ArgumentParser):
    """argparse leaves with 2 on a wrong flag, which here would read as a verdict."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(3, f"drawplate: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="drawplate",
        description="Certifies Kubernetes DRA drivers of any vendor.",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"drawplate {version('drawplate')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    for name in COMMANDS:
        import_module(f"drawplate.conformance.cli.{name}").add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run `drawplate ARGV` and give its exit code."""
    try:
        arguments = _parser().parse_args(argv)
        return int(arguments.run(arguments))
    except Problem as problem:
        tell(str(problem))
        return problem.exit_code
    except KeyboardInterrupt:
        tell("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        return 0
    # Python would leave with 1, which reads as a verdict on the driver.
    except Exception as error:  # noqa: BLE001
        with suppress(BrokenPipeError):
            traceback.print_exc()
        tell(f"error of the suite itself, please report it: {type(error).__name__}: {error}")
        return SuiteError.exit_code
    finally:
        settle()


if __name__ == "__main__":
    sys.exit(main())

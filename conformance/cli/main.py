"""The command `drawplate`: finds the sub-command, turns problems into one message and a code."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import NoReturn

from drawplate.emulators.problems import Problem

COMMANDS = ("certify", "requirements", "profile", "cluster", "components")
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
        print(f"drawplate: {problem}", file=sys.stderr)
        return problem.exit_code
    except KeyboardInterrupt:
        print("drawplate: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`drawplate requirements | head`).
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())

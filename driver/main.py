"""The command `drawplate-driver`: runs one role until SIGTERM, and reports problems."""

import logging
import sys
from collections.abc import Sequence

from drawplate.driver import log, settings
from drawplate.driver.controller import Controller
from drawplate.driver.daemon import Driver
from drawplate.emulators.problems import Problem

_log = logging.getLogger(__name__)


def build(arguments: Sequence[str]) -> Driver:
    """Put a node's driver together from its command line, ready to `run`. Raises SetupProblem.

    Whoever needs a driver that differs in one thing replaces that method of that part
    (`driver.cdi.write = ...`) between `build` and `run`.
    """
    given = settings.parse(arguments)
    log.set_up(given.log_level)
    return Driver(given)


def build_controller(arguments: Sequence[str]) -> Controller:
    """Put a controller together as `build` does a node's driver. Raises SetupProblem."""
    given = settings.parse(arguments)
    log.set_up(given.log_level)
    return Controller(given)


def build_either(arguments: Sequence[str]) -> Driver | Controller:
    """Put together what the command line asks for by its `--role`. Raises SetupProblem."""
    if settings.parse(arguments).role == settings.CONTROLLER:
        return build_controller(arguments)
    return build(arguments)


def run(program: Driver | Controller) -> None:
    """Run a driver or a controller until SIGTERM or SIGINT. Raises Problem."""
    program.ending.on_signals()
    try:
        program.start()
        program.ending.wait()
    finally:
        program.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the driver; give 0 after a clean stop, 3 when it cannot run as it was started."""
    try:
        run(build_either(sys.argv[1:] if arguments is None else arguments))
    except Problem as problem:
        log.set_up("INFO")
        _log.critical(problem.what, extra={"where": problem.where, "cure": problem.cure})
        return problem.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs the reference driver with one defect: `launch NAME [driver's arguments]`."""

import sys
from collections.abc import Sequence

from drawplate.conformance.selftest.mutants.defects import (  # noqa: F401 - they enter themselves
    cdi,
    fabric,
    nodes,
    prepare,
    registration,
    slices,
    unprepare,
)
from drawplate.conformance.selftest.mutants.defects.making import DEFECTS, nothing
from drawplate.driver import main
from drawplate.driver.daemon import Driver


def launch(name: str, arguments: list[str]) -> int:
    """Run the driver with the defect; gives its exit code."""
    build = main.build

    def build_with_defect(arguments: Sequence[str]) -> Driver:
        driver = build(arguments)
        # Defects of rights are in the driver's objects, and its process is as it should be.
        DEFECTS.get(name, nothing)(driver)
        return driver

    main.build = build_with_defect
    return main.main(arguments)


if __name__ == "__main__":
    sys.exit(launch(sys.argv[1], sys.argv[2:]))

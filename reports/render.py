"""The forms of a report that people and other programmes read, made from `report.json`.

`python -m drawplate.reports.render REPORT` makes them again, for a `report.json` or its folder.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from drawplate.emulators.problems import Problem
from drawplate.reports import folder as files
from drawplate.reports.html.page import render_page
from drawplate.reports.junit import render_junit
from drawplate.reports.model import Report
from drawplate.reports.reading import read


def render_folder(folder: Path, report: Report) -> None:
    """Write `junit.xml` and `report.html` beside the report.

    Raises SetupProblem when one cannot be written.
    """
    files.write(folder / files.JUNIT, render_junit(report))
    files.write(folder / files.PAGE, render_page(report, folder))


def main(arguments: Sequence[str] | None = None) -> int:
    """Render what the command line names; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m drawplate.reports.render",
        description="Make junit.xml and report.html again from a report.json.",
    )
    parser.add_argument("report", type=Path, help="a report.json, or the folder that holds it")
    path = parser.parse_args(arguments).report
    try:
        folder = path if path.is_dir() else path.parent
        render_folder(folder, read(path))
    except Problem as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(folder / files.PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())

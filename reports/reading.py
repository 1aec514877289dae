"""Reports read again from disk, also those of runs that were killed."""

import json
from pathlib import Path

from pydantic import ValidationError

from drawplate.emulators.problems import SetupProblem
from drawplate.reports.folder import REPORT, RESULTS
from drawplate.reports.model import Report, RequirementResult

FORMAT = "drawplate.report/v1"


def read(path: Path) -> Report:
    """Read a report from its folder or its `report.json`.

    The report of a run that was killed is completed from `results.jsonl`. Raises SetupProblem
    that names the place and the cure when the file is missing or is no valid report.
    """
    path = path / REPORT if path.is_dir() else path
    report = _parse(path)
    if report.run.state != "running":
        return report
    results = {entry.key: entry for entry in report.requirements}
    results |= {entry.key: entry for entry in _logged(path.with_name(RESULTS))}
    ordered = sorted(results.values(), key=lambda result: result.place)
    return report.model_copy(update={"requirements": tuple(ordered)})


def _parse(path: Path) -> Report:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupProblem(
            f"the report cannot be read: {error.strerror}",
            where=str(path),
            cure="name a report.json, or the folder that `drawplate certify --out` wrote",
        ) from error
    except ValueError as error:
        raise _damaged(path, f"it is no JSON: {error}") from error
    told = raw.get("format") if isinstance(raw, dict) else None
    if told != FORMAT:
        raise _damaged(path, f"its format is {told!r}, not {FORMAT!r}")
    try:
        return Report.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        raise _damaged(path, _first_fault(error)) from error


def _damaged(path: Path, why: str) -> SetupProblem:
    return SetupProblem(
        f"this is no report that this version can read: {why}",
        where=str(path),
        cure="take the report.json as the run wrote it, and the version that wrote it or a newer",
    )


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}" if place else fault["msg"]


def _logged(path: Path) -> list[RequirementResult]:
    """Read the log of a killed run; the line that was being written may be torn."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return []
    entries = []
    for line in lines:
        try:
            entries.append(RequirementResult.model_validate_json(line))
        except ValidationError:
            continue
    return entries

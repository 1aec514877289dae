"""Runs pytest for a certification: packaged settings only, none of the user's pytest world."""

import os
from pathlib import Path

import pytest

from drawplate.conformance.problems import SuiteError
from drawplate.conformance.run.collector import Collector
from drawplate.conformance.run.context import RunContext

SUITES = Path(__file__).parent.parent / "suites"
SETTINGS = Path(__file__).parent / "packaged.ini"
_FINISHED = {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED}


def _arguments(context_file: Path, workers: int) -> list[str]:
    parallel = ["-n", str(workers)] if workers > 1 else []
    if parallel and RunContext.read(context_file).heights == {"cluster"}:
        # Few, long and of very different lengths, tests there are handed out one by one.
        parallel += ["--maxschedchunk", "1"]
    return [
        "-c",
        str(SETTINGS),
        f"--rootdir={SUITES.parent}",
        "-p",
        "no:cacheprovider",
        # Results are shown by our own progress; a second report would only confuse.
        "-p",
        "no:terminal",
        "-p",
        "drawplate.conformance.plugin",
        # By its module's name: the entry point is not seen without autoload.
        "-p",
        "xdist.plugin",
        *parallel,
        # Beside the context, so that it goes with it.
        f"--basetemp={context_file.parent / 'scratch'}",
        f"--drawplate-run={context_file}",
        str(SUITES),
    ]


def run_suites(context_file: Path, workers: int, collector: Collector) -> bool:
    """Run the selected suites; gives False when the user interrupted them.

    Raises SuiteError when pytest itself could not do its work, and the problem of the collector
    when what was told could not be kept.
    """
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for variable in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(variable, None)
    # gRPC tells every broken connection on stderr, and breaking them is what tests do.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    code = pytest.main(_arguments(context_file, workers), plugins=[collector])
    if collector.problem:
        raise collector.problem
    if code == pytest.ExitCode.INTERRUPTED and not collector.collection_errors:
        return False
    if code not in _FINISHED or collector.collection_errors:
        told = "\n".join(collector.collection_errors)[-4000:] or "see the output above"
        raise SuiteError(f"pytest could not run the suites ({code!r}): {told}")
    return True

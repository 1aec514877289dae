"""Invented reports that look like real ones; `python -m drawplate.reports.tests.samples FOLDER`.

Each sample is written through `ReportWriter`, with evidence files, from one seed.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from faker import Faker

from drawplate.reports.model import Report, RequirementResult, Result, TestResult, Verdict
from drawplate.reports.store import ReportWriter
from drawplate.reports.tests.sample_evidence import write_evidence

SEED = 20261123
STARTED = datetime(2026, 11, 23, 9, 41, 7, tzinfo=UTC)
_TESTS = {
    Result.PASS: TestResult.PASS,
    Result.FAIL: TestResult.FAIL,
    Result.KNOWN_FAILURE: TestResult.FAIL,
    Result.INCONCLUSIVE: TestResult.INCONCLUSIVE,
}


@cache
def _data(name: str) -> Any:
    return yaml.safe_load((files("drawplate.reports.tests") / name).read_text("utf-8"))


def names() -> list[str]:
    """Give the names of the samples."""
    return list(_data("samples.yaml")["samples"])


def make_faker() -> Faker:
    """Give a source of invented names that says the same every time."""
    faker = Faker()
    faker.seed_instance(SEED)
    return faker


def make_header(faker: Faker) -> Report:
    """Give the beginning of a report, with nothing judged."""
    name = f"gpu.{faker.domain_word()}.example"
    command = f"drawplate certify profiles/{name}.yaml --height all --seed {SEED} -n 2"
    run = {"command": command, "started": STARTED, "seed": SEED, "workers": 2, "patience": 1.35}
    driver = {
        "name": name,
        "profile": name.split(".")[1],
        "profile_digest": f"sha256:{faker.sha256()}",
        "vendor": faker.company(),
        "version": "1.8.2",
        "images": [f"registry.example/{name}@sha256:{faker.sha256()}"],
        "services": ["v1.DRAPlugin", "v1beta1.DRAPlugin"],
    }
    suite = {
        "version": "0.1.0",
        "digest": f"sha256:{faker.sha256()}",
        "catalogue_digest": f"sha256:{faker.sha256()}",
        "python": "3.11.9",
        "plugins": ["drawplate.conformance.plugin", "xdist 3.8.0"],
    }
    parts = {"run": run, "driver": driver, "suite": suite}
    return Report.model_validate(parts | _data("samples.yaml")["header"])


def make_results(sample: dict[str, Any], folder: Path, faker: Faker) -> Iterator[RequirementResult]:
    """Give the results of the sample in catalogue order, and write their evidence."""
    told = sample.get("results", {})
    done = 0
    for entry in _data("sample_requirements.yaml"):
        for height in entry["heights"]:
            result = told.get(f"{entry['id']} {height}", {"result": "pass"})
            if done >= sample.get("interrupted_after", sys.maxsize):
                result = {"result": "not run"}
            yield _make_result(entry | {"height": height}, result, folder, faker)
            done += 1


def _make_result(
    entry: dict[str, Any], told: dict[str, Any], folder: Path, faker: Faker
) -> RequirementResult:
    parts = {key: value for key, value in (entry | told).items() if key != "heights"}
    failure = parts.pop("failure", None)
    result = Result(told["result"])
    if result in _TESTS:
        mean = 0.7 if entry["height"] == "bench" else 5.0
        parts["seconds"] = round(faker.random.expovariate(1 / mean), 3)
        parts["evidence"] = write_evidence(folder, f"{entry['id']}/{entry['height']}", faker)
        name = f"test_{entry['id'].lower().replace('-', '_')}"
        test = {
            "id": f"suites/{entry['area']}/test_{entry['area']}.py::{name}",
            "result": _TESTS[result],
            "seconds": parts["seconds"],
            "failure": failure,
        }
        parts["tests"] = [test]
    return RequirementResult.model_validate(parts)


def write_sample(name: str, folder: Path) -> Report:
    """Write the report folder of one sample; gives its report."""
    sample = _data("samples.yaml")["samples"][name]
    faker = make_faker()
    writer = ReportWriter(folder, make_header(faker))
    writer.update(**sample.get("parts", {}))
    for result in make_results(sample, folder, faker):
        writer.record(result)
    return writer.finish(
        Verdict(sample["verdict"]),
        sample["reasons"],
        state="interrupted" if "interrupted_after" in sample else "finished",
        ended=STARTED + timedelta(seconds=154.8),
    )


if __name__ == "__main__":
    for sample_name in names():
        write_sample(sample_name, Path(sys.argv[1]) / sample_name)
        print(Path(sys.argv[1]) / sample_name / "report.html")

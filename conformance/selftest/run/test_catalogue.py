"""The catalogue says of each requirement where it comes from and what proves it, and only once."""

import ast
import inspect
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from drawplate.conformance import catalogue
from drawplate.conformance.catalogue import Requirement
from drawplate.conformance.problems import SetupProblem, SuiteError
from drawplate.conformance.selftest.verdict.samples import requirement

FOLDER = Path(str(files("drawplate.conformance"))) / "requirements"
ENTRIES = [*catalogue.load().values()]
# Short names of the modules that the head of each file declares, and the enhancement proposals.
SOURCES = ("K ", "A ", "L ", "KL ", "KEP-")


def test_the_first_version_has_what_it_promised() -> None:
    clustered = [entry for entry in ENTRIES if "cluster" in entry.heights]

    assert len(ENTRIES) >= 40
    assert len(clustered) >= 12


def test_every_file_is_read() -> None:
    written = [
        entry["id"]
        for file in FOLDER.glob("*.yaml")
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["requirements"]
    ]

    assert sorted(written) == sorted(catalogue.load())
    assert len(written) == len(set(written))


def test_every_area_is_a_file_of_its_name() -> None:
    assert {entry.area for entry in ENTRIES} == {file.stem for file in FOLDER.glob("*.yaml")}


def test_every_source_can_be_looked_up() -> None:
    assert [e.id for e in ENTRIES if not e.source.startswith((*SOURCES, "deduced"))] == []


def test_a_must_is_never_only_deduced() -> None:
    deduced = [entry for entry in ENTRIES if entry.source.startswith("deduced")]

    assert deduced
    assert [entry.id for entry in deduced if entry.level == "MUST"] == []


def test_what_is_deduced_says_how() -> None:
    deduced = [entry for entry in ENTRIES if "deduced" in entry.source]

    assert [entry.id for entry in deduced if len(entry.rationale) < 20] == []


def test_sentences_and_hints_are_whole_sentences() -> None:
    texts = [text for entry in ENTRIES for text in (entry.text, entry.hint)]

    assert [text for text in texts if not text.endswith(".")] == []
    assert [entry.text for entry in ENTRIES if not entry.text[0].isupper()] == []


def test_no_two_requirements_say_the_same() -> None:
    said = Counter(entry.text for entry in ENTRIES)

    assert [text for text, times in said.items() if times > 1] == []


def test_nothing_is_named_twice_in_a_requirement() -> None:
    lists = [names for entry in ENTRIES for names in (entry.heights, entry.needs, entry.mutants)]

    assert [names for names in lists if len(names) != len(set(names))] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "pre-01"),
        ("id", "PRESS-01"),
        ("level", "MAY"),
        ("text", "short"),
        ("source", ""),
        ("heights", []),
        ("heights", ["roof"]),
        ("hint", ""),
        ("colour", "blue"),
    ],
)
def test_a_requirement_that_is_not_whole_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Requirement.model_validate(requirement().model_dump() | {key: value})


def read_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(catalogue, "files", lambda _package: folder)
    return inspect.unwrap(catalogue.load)()


def test_an_id_that_stands_twice_is_an_error_of_the_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements").mkdir()
    entry = requirement().model_dump(mode="json", exclude={"area"})
    for area in ("one", "two"):
        text = yaml.safe_dump({"area": area, "requirements": [entry]})
        (tmp_path / "requirements" / f"{area}.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(SuiteError, match="PRE-01 stands twice") as caught:
        read_folder(tmp_path, monkeypatch)

    assert caught.value.where == "two.yaml"


@pytest.mark.parametrize("text", ["area: x\n", "requirements: [", "- 1\n", ""])
def test_a_damaged_file_is_an_error_of_the_suite_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "bad.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(SuiteError) as caught:
        read_folder(tmp_path, monkeypatch)

    assert caught.value.where == "bad.yaml"


def test_requirements_are_found_in_the_order_asked_for() -> None:
    names = ["REG-02", "REG-01"]

    assert [entry.id for entry in catalogue.find(names)] == names


@pytest.mark.parametrize(("name", "near"), [("reg-02", "REG-02"), ("REG02", "REG-02")])
def test_an_unknown_requirement_is_told_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(SetupProblem, match=name) as caught:
        catalogue.find([name])

    assert near in caught.value.cure


def test_an_unknown_requirement_that_is_like_none_has_a_cure_all_the_same() -> None:
    with pytest.raises(SetupProblem) as caught:
        catalogue.find(["XYZ-999"])

    assert caught.value.cure == "`drawplate requirements` lists them all"


def test_no_test_of_the_suites_is_ever_skipped() -> None:
    suites = Path(str(files("drawplate.conformance"))) / "suites"
    skipping = [
        f"{file.name}:{node.lineno}"
        for file in suites.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in {"skip", "skipif", "importorskip", "xfail"}
    ]

    assert skipping == []

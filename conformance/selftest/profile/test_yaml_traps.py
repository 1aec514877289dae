"""YAML that two readers understand differently, and YAML that hides something."""

from pathlib import Path

import pytest

from drawplate.conformance.profile.findings import ProfileProblem
from drawplate.conformance.profile.yamltree import parse

FILE = Path("acme.yaml")


def refused(text: str) -> ProfileProblem:
    with pytest.raises(ProfileProblem) as caught:
        parse(text, FILE)
    return caught.value


@pytest.mark.parametrize(
    ("written", "meant"),
    [("on", "true"), ("Yes", "true"), ("off", "false"), ("NO", "false")],
)
def test_word_that_may_be_a_boolean_is_refused(written: str, meant: str) -> None:
    problem = refused(f"a:\n  b: {written}\n")

    assert "YAML 1.1" in problem.what
    assert problem.where == "acme.yaml:2 (a.b)"
    assert meant in problem.cure
    assert f"'{written}'" in problem.cure


@pytest.mark.parametrize(
    "written", ["010", "1:30", "0b11", "1_000", ".inf", ".NaN", "0000:19:00.0"]
)
def test_number_that_readers_take_differently_is_refused(written: str) -> None:
    problem = refused(f"a: {written}\n")

    assert f"'{written}'" in problem.cure


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("0x1F", 31),
        ("1.30", 1.3),
        ("'1.30'", "1.30"),
        ("'on'", "on"),
        ("true", True),
        ("2026-12-01", "2026-12-01"),
        ("v1.2.3", "v1.2.3"),
        ("null", None),
    ],
)
def test_plain_values_are_read_as_json_has_them(written: str, value: object) -> None:
    data = parse(f"a: {written}\n", FILE).data["a"]

    assert data == value
    assert type(data) is type(value)


def test_key_that_stands_twice_is_refused_with_both_lines() -> None:
    problem = refused("a: 1\nb: 2\na: 3\n")

    assert problem.what == "the key 'a' stands twice, first in line 1"
    assert problem.where.startswith("acme.yaml:3")


@pytest.mark.parametrize(("key", "kind"), [("on", "bool"), ("1.30", "float"), ("~", "null")])
def test_key_that_is_not_text_is_refused(key: str, kind: str) -> None:
    problem = refused(f"{key}: 1\n")

    assert f"reads as {kind}" in problem.what


def test_merge_key_is_refused() -> None:
    assert "merge keys" in refused("a: &a {b: 1}\nc: {<<: *a}\n").what


def test_tag_is_refused() -> None:
    assert "tag" in refused("a: !!python/name:os.system x\n").what


def test_part_that_holds_itself_is_refused() -> None:
    assert "holds itself" in refused("a: &a [*a]\n").what


def test_alias_is_the_same_value_again() -> None:
    assert parse("a: &x {b: 1}\nc: *x\n", FILE).data == {"a": {"b": 1}, "c": {"b": 1}}


def test_wrong_syntax_names_its_line() -> None:
    problem = refused("a: 1\n\tb: 2\n")

    assert problem.where == "acme.yaml:2"
    assert "not one YAML document" in problem.what


def test_every_trap_is_told_at_once() -> None:
    assert len(refused("a: on\nb: 010\na: 1\n").findings) == 3


def test_keys_have_the_line_where_they_stand() -> None:
    tree = parse("a:\n  b:\n    - c: 1\n      d: 2\n", FILE)

    assert tree.spot(("a", "b", 0, "d")).line == 4
    assert tree.spot(("a", "b", 0, "missing")).line == 3

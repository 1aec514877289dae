"""Placeholders: what is replaced, what is text, what is refused."""

import pytest

from drawplate.conformance.profile.placeholders import ON_A_NODE, mentioned, render, unknown
from drawplate.emulators.problems import SetupProblem


def test_placeholders_are_replaced() -> None:
    values = {"nodeName": "n1", "port:http": "81"}

    assert render("--node={nodeName} :{port:http}", values) == "--node=n1 :81"


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ('{"a": {"b": "{nodeName}"}}', '{"a": {"b": "n1"}}'),
        ("[{nodeName}]}}", "[n1]}}"),
        ("{{nodeName}}", "{nodeName}"),
        ("a{ b }", "a{ b }"),
    ],
)
def test_other_braces_are_text(text: str, rendered: str) -> None:
    assert render(text, {"nodeName": "n1"}) == rendered


def test_placeholder_without_a_value_is_refused() -> None:
    with pytest.raises(SetupProblem, match=r"\{HOME\} has no value") as caught:
        render("${HOME}", {"nodeName": "n1"})

    assert "nodeName" in caught.value.cure


def test_replaced_text_is_not_read_again() -> None:
    assert render("{nodeName}", {"nodeName": "{kubeconfig}"}) == "{kubeconfig}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{kubeConfig}", ["{kubeConfig}"]),
        ("{port}", ["{port}"]),
        ("{nodeName:x}", ["{nodeName:x}"]),
        ("{port:http} {component:etcd} {python}", []),
    ],
)
def test_unknown_or_misused_placeholders_are_found(text: str, found: list[str]) -> None:
    assert list(unknown(text, ON_A_NODE)) == found


def test_names_are_told_apart_from_kinds() -> None:
    assert list(mentioned("{a} {component:x-y} {{b}}")) == [("a", ""), ("component", "x-y")]

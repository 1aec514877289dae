"""`drawplate profile`: what the command prints and how it ends."""

import argparse
import json
from pathlib import Path

import pytest

from drawplate.conformance.cli import profile as command
from drawplate.conformance.profile.findings import ProfileProblem
from drawplate.conformance.profile.schema import schema_text
from drawplate.emulators.problems import SetupProblem


def run(*argv: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["profile", *argv])
    return int(arguments.run(arguments))


@pytest.mark.parametrize("argv", [(), ("ls",)])
def test_list_names_profiles_and_variants(
    argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*argv) == 0

    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert {"reference", "upstream-test-driver", "upstream-test-driver@metadata"} <= set(names)


@pytest.mark.parametrize("name", ["reference", "upstream-test-driver"])
def test_check_of_a_shipped_profile_succeeds(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", name) == 0
    assert "nothing is wrong" in capsys.readouterr().out


def test_check_tells_every_finding_and_ends_with_3(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text("kind: DriverProfil\ndriver: {}\n", encoding="utf-8")

    with pytest.raises(ProfileProblem) as caught:
        run("check", str(file))

    assert caught.value.exit_code == 3
    assert str(caught.value).count("  where  ") == len(caught.value.findings) == 4


def test_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema") == 0
    assert capsys.readouterr().out == schema_text()


def test_init_without_a_server_is_one_clear_problem(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:9"}}],
                "users": [{"name": "a", "user": {}}],
                "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
                "current-context": "a",
            }
        ),
        encoding="utf-8",
    )

    with pytest.raises(SetupProblem, match="cannot be asked") as caught:
        run("init", "--kubeconfig", str(kubeconfig))

    assert caught.value.where == str(kubeconfig)


def test_init_with_a_broken_kubeconfig_is_one_clear_problem(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("nothing: useful\n", encoding="utf-8")

    with pytest.raises(SetupProblem) as caught:
        run("init", "--kubeconfig", str(kubeconfig))

    assert caught.value.where == str(kubeconfig)

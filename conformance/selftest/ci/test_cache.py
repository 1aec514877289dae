"""The key of a CI's cache: another when a run would have to get something else."""

from pathlib import Path

import pytest

from drawplate.conformance.ci import cache
from drawplate.conformance.cli.main import main
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.clusters.kind.image import recipe


def test_the_key_is_the_same_as_long_as_nothing_changes() -> None:
    assert cache.key("1.37", "kind", "all") == cache.key("1.37", "kind", "all")


def test_a_minor_and_its_version_have_one_key() -> None:
    assert cache.key("1.37", "kind", "all") == cache.key("v1.37.2", "kind", "all")


def test_runs_that_get_different_things_have_different_keys() -> None:
    keys = {
        cache.key("1.37", "kind", "all"),
        cache.key("1.36", "kind", "all"),
        cache.key("1.37", "local", "all"),
        cache.key("1.37", "kind", "bench"),
    }

    assert len(keys) == 4


def test_an_input_that_changes_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {provider: cache.key("1.37", provider, "all") for provider in ("kind", "local")}
    other = recipe.shipped().model_copy(update={"settings": {"User": "other"}})

    monkeypatch.setattr(cache, "node_recipe", lambda: other)

    assert cache.key("1.37", "kind", "all") != before["kind"]
    assert cache.key("1.37", "local", "all") == before["local"]


def test_a_version_that_is_not_run_is_told() -> None:
    with pytest.raises(SetupProblem, match=r"'1\.12' cannot be run"):
        cache.key("1.12", "kind", "all")


def test_the_command_prints_key_and_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert main(["ci", "cache"]) == 0

    key, *folders = capsys.readouterr().out.splitlines()
    assert key == cache.key("1.37", "kind", "all")
    assert folders == [str(tmp_path / "drawplate" / name) for name in cache.KEPT]

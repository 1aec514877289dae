"""Kubernetes objects of a profile: read from files beside it, or from a command's output."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from drawplate.conformance.profile.deployment import Source
from drawplate.conformance.profile.placeholders import render
from drawplate.emulators.problems import SetupProblem

COMMAND_SECONDS = 60.0
# Kinds that give a driver rights or limit them: all that it needs where no pod of it runs.
ACCESS_KINDS = (
    "Namespace",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)

Object = dict[str, Any]


def read_objects(source: Source, folder: Path, values: Mapping[str, str]) -> list[Object]:
    """Give all objects of a source, in their order, the items of lists one by one.

    `folder` is that of the profile, `values` what placeholders of the command stand for. Raises
    SetupProblem, which names the file or command, when something cannot be read, is not YAML or
    not a Kubernetes object.
    """
    texts = (
        [(str(folder / name), _file_text(folder / name)) for name in source.files]
        if source.files
        else [_command_text([render(word, values) for word in source.command])]
    )
    return [entry for where, text in texts for entry in _objects(where, text)]


def _file_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupProblem(
            f"the manifest cannot be read: {getattr(error, 'strerror', None) or error}",
            where=str(file),
            cure="correct the path; it is relative to the profile",
        ) from error


def _command_text(argv: list[str]) -> tuple[str, str]:
    where = " ".join(argv)
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupProblem(
            f"the command that prints manifests failed: {error}", where=where, cure="correct it"
        ) from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise SetupProblem(
            f"the command that prints manifests left with status {done.returncode}: "
            f"{said[-1] if said else 'it said nothing'}",
            where=where,
            cure="run it by hand and correct it",
        )
    return where, done.stdout


def _objects(where: str, text: str) -> Iterator[Object]:
    try:
        documents = [entry for entry in yaml.safe_load_all(text) if entry is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or error
        raise SetupProblem(
            f"the manifest is not YAML: {what}", where=f"{where}{line}", cure="mend it there"
        ) from error
    if not documents:
        raise SetupProblem("the manifest is empty", where=where, cure="give at least one object")
    for number, document in enumerate(documents, start=1):
        is_list = isinstance(document, dict) and str(document.get("kind", "")).endswith("List")
        for entry in document.get("items", []) if is_list else [document]:
            _require_object(entry, f"{where} (document {number})")
            yield entry


def _require_object(entry: Any, where: str) -> None:
    named = isinstance(entry, dict) and isinstance(entry.get("metadata"), dict)
    if not named or not all(
        (entry.get("apiVersion"), entry.get("kind"), entry["metadata"].get("name"))
    ):
        raise SetupProblem(
            "this is not a Kubernetes object",
            where=where,
            cure="give it apiVersion, kind and metadata.name",
        )

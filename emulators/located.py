"""Reads a YAML file into a pydantic model, and tells the line and the cure of whatever is wrong."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from drawplate.emulators.problems import SetupProblem

# The C parser is ten times faster; PyYAML has it unless it was built without libyaml.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Place = tuple[int | str, ...]


class Part(BaseModel):
    """A mapping of the file: strict about types, closed to unknown keys, immutable.

    YAML 1.1 reads `13.0` and `0000:19:00.0` as numbers; strict types turn that into an error.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        for key in data if isinstance(data, dict) else ():
            if key not in cls.model_fields:
                require(fine=False, what=f"unknown key {key!r}", cure=cls._cure(key), key=str(key))
        return data

    @classmethod
    def _cure(cls, key: Any) -> str:
        near = difflib.get_close_matches(str(key), cls.model_fields, n=1)
        if near:
            return f"write {near[0]!r} in its place, or remove it"
        return f"remove it; known here: {', '.join(sorted(cls.model_fields))}"


AnyPart = TypeVar("AnyPart", bound=Part)


def require(fine: object, what: str, cure: str, *, key: str = "") -> None:
    """Refuse the mapping that is being validated, at the line of its `key`, unless `fine`."""
    if not fine:
        # The texts travel as values: braces in them would be taken for placeholders.
        raise PydanticCustomError("refused", "{what}", {"what": what, "cure": cure, "key": key})


def read(path: Path, model: type[AnyPart]) -> AnyPart:
    """Read `path` as `model`.

    Raises SetupProblem with the line and a cure when the file cannot be read or is not right.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupProblem(
            f"cannot read {path.name}: {getattr(error, 'strerror', None) or error}",
            where=str(path),
            cure="give the path of a readable UTF-8 text file",
        ) from None
    try:
        # The loader is one of the safe ones.
        return model.model_validate(_tuples(yaml.load(text, _Loader)))  # noqa: S506
    except yaml.YAMLError as error:
        raise _malformed(path, error) from None
    except ValidationError as error:
        raise _invalid(path, text, error.errors()) from None


def _tuples(data: Any) -> Any:
    # Strict models want tuples where YAML gives lists.
    if isinstance(data, dict):
        return {key: _tuples(value) for key, value in data.items()}
    return tuple(_tuples(value) for value in data) if isinstance(data, list) else data


def _malformed(path: Path, error: yaml.YAMLError) -> SetupProblem:
    mark = getattr(error, "problem_mark", None)
    return SetupProblem(
        f"{path.name} is not YAML: {getattr(error, 'problem', None) or error}",
        where=f"{path}:{mark.line + 1}" if mark else str(path),
        cure="mend the syntax at this line",
    )


def _invalid(path: Path, text: str, errors: Sequence[ErrorDetails]) -> SetupProblem:
    root = yaml.compose(text, _Loader)
    lines = [_line(root, _key_place(error)) for error in errors]
    line, first = min(zip(lines, errors, strict=True), key=lambda pair: pair[0])
    name = ".".join(str(part) for part in first["loc"])
    others = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return SetupProblem(
        f"{name + ': ' if name else ''}{_what_of(first)}{others}",
        where=f"{path}:{line}",
        cure=_cure_of(first),
    )


def _key_place(error: ErrorDetails) -> Place:
    key = error.get("ctx", {}).get("key")
    return (*error["loc"], key) if key else error["loc"]


def _what_of(error: ErrorDetails) -> str:
    return "not a mapping" if error["type"] == "model_type" else error["msg"]


def _cure_of(error: ErrorDetails) -> str:
    cure = error.get("ctx", {}).get("cure")
    if cure:
        return str(cure)
    if error["type"] == "missing":
        return f"add the key {error['loc'][-1]!r}"
    if error["type"] == "model_type":
        return "write `key: value` lines here"
    if error["type"] == "string_type" and not isinstance(error["input"], dict | tuple):
        return f"put the value in quotes; YAML read it as the number {error['input']!r}"
    return f"correct the value, here {error['input']!r}"


def _line(node: Any, place: Place) -> int:
    """Give the line (from 1) of the deepest node on the way to `place` that the file has."""
    line = node.start_mark.line + 1 if node else 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if part not in pairs:
                break
            key, node = pairs[part]
            line = key.start_mark.line + 1
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value)
        ):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line

"""Reads a YAML file into a pydantic model, and tells the line and the cure of whatever is wrong."""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator
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
            if key not in cls._keys():
                require(fine=False, what=f"unknown key {key!r}", cure=cls._cure(key), key=str(key))
        return data

    @classmethod
    def _cure(cls, key: Any) -> str:
        near = difflib.get_close_matches(str(key), cls._keys(), n=1)
        if near:
            return f"write {near[0]!r} in its place, or remove it"
        return f"remove it; known here: {', '.join(sorted(cls._keys()))}"

    @classmethod
    def _keys(cls) -> list[str]:
        return [field.alias or name for name, field in cls.model_fields.items()]


AnyPart = TypeVar("AnyPart", bound=Part)


def require(fine: object, what: str, cure: str, *, key: str | Place = "") -> None:
    """Refuse the mapping that is being validated, unless `fine`, at the line of its `key`.

    The key may be a path into the mapping: `("devices", 2, "profile")`.
    """
    if not fine:
        # The texts travel as values: braces in them would be taken for placeholders.
        raise PydanticCustomError("refused", "{what}", {"what": what, "cure": cure, "key": key})


def written(pattern: str, example: str) -> AfterValidator:
    """Make a check of a text's form, to be used in `Annotated`; its error shows the example."""
    form = re.compile(pattern)

    def check(text: str) -> str:
        require(form.fullmatch(text), f"{text!r} is not well-formed", f"write it like {example!r}")
        return text

    return AfterValidator(check)


def read(path: Path, model: type[AnyPart]) -> AnyPart:
    """Read `path` as `model`.

    Raises SetupProblem with the line and a cure when the file cannot be read or is not right.
    """
    text = _text(path)
    data = _parsed(path, text)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _invalid(path, text, error.errors()) from None


def parse(path: Path) -> Any:
    """Give what the YAML file says, with tuples for lists. Raises SetupProblem."""
    return _parsed(path, _text(path))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupProblem(
            f"cannot read {path.name}: {getattr(error, 'strerror', None) or error}",
            where=str(path),
            cure="give the path of a readable UTF-8 text file",
        ) from None


def _parsed(path: Path, text: str) -> Any:
    try:
        # The loader is one of the safe ones.
        return tuples(yaml.load(text, _Loader))  # noqa: S506
    except yaml.YAMLError as error:
        raise _malformed(path, error) from None
    except RecursionError:
        what, cure = "it is nested too deep, or in itself", "remove the anchors and aliases"
    # Dates and numbers that look like some, but are impossible: 2026-99-99.
    except ValueError as error:
        what, cure = str(error), "put the value in quotes"
    raise SetupProblem(f"{path.name} cannot be read: {what}", where=str(path), cure=cure)


def tuples(data: Any) -> Any:
    """Give the data as strict models want it: with tuples where YAML has lists."""
    if isinstance(data, dict):
        return {key: tuples(value) for key, value in data.items()}
    return tuple(tuples(value) for value in data) if isinstance(data, list) else data


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
    key = error.get("ctx", {}).get("key") or ()
    return (*error["loc"], *((key,) if isinstance(key, str) else key))


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

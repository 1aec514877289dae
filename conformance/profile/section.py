"""What every part of a profile has in common: strict keys, and the types of its values."""

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
IDENTITY_GROUP = "identity"


class Section(BaseModel):
    """A part of a profile: camelCase keys, nothing unknown, no conversion, read-only."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        use_attribute_docstrings=True,
    )


def refusal(kind: str, what: str, cure: str) -> PydanticCustomError:
    """Make the error of a validator that also knows the cure."""
    # The text is not a template of pydantic's: braces in it are the user's own.
    return PydanticCustomError(kind, "{what}", {"what": what, "cure": cure})


def _read_duration(value: Any) -> float:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise refusal(
            "duration",
            f"{value!r} is not a duration",
            "write a number and its unit: 500ms, 45s, 2m",
        )
    return float(match[1]) * _UNIT_SECONDS[match[2]]


def _check_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise refusal(
            "pattern",
            f"{value!r} is not a regular expression: {error}",
            "mend it (Python's re syntax); in YAML, single quotes keep backslashes as they are",
        ) from error
    return value


Seconds = Annotated[
    float,
    BeforeValidator(_read_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$"}),
]
Text = Annotated[str, StringConstraints(min_length=1)]
Pattern = Annotated[str, StringConstraints(min_length=1), AfterValidator(_check_pattern)]
Argv = Annotated[
    tuple[Text, ...],
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "minItems": 1,
        }
    ),
]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=63)]


def require_one(section: Section, *names: str) -> None:
    """Refuse a section that has none, or more than one, of these fields.

    Raises PydanticCustomError, for use in validators.
    """
    given = [to_camel(name) for name in names if getattr(section, name)]
    if len(given) != 1:
        listed = ", ".join(to_camel(name) for name in names)
        seen = " and ".join(given) or "none of them"
        raise refusal("one_of", f"one of {listed} is needed, found {seen}", "give exactly one")

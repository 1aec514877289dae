"""The kinds of values that a report is made of, and how strict its records are."""

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


class Record(BaseModel):
    """A part of a report: frozen, without unknown keys."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        # The docstrings below attributes become the descriptions of the published schema.
        use_attribute_docstrings=True,
        # Every key is written, so that a reader of the file need not know the defaults.
        json_schema_serialization_defaults_required=True,
    )


def _encodable(value: object) -> object:
    """Replace lone surrogates, which broken bytes of foreign processes leave in a string.

    JSON and HTML files are UTF-8, which has no form for them: a report must not fail to be
    written because of what a driver printed.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def _inside(value: str) -> str:
    """Refuse paths that lead out of the report's folder."""
    if value.startswith("/") or ".." in PurePosixPath(value).parts or "\0" in value:
        raise ValueError("must be a path below the report's folder")
    return value


Text = Annotated[str, BeforeValidator(_encodable)]
Line = Annotated[Text, Field(min_length=1)]
# Safe as part of an anchor on the page.
RequirementId = Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9-]*$", max_length=40)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
EvidencePath = Annotated[Text, Field(pattern="^[^/]", max_length=4096), AfterValidator(_inside)]

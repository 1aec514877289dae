"""What can be said of a device: its properties by name, with type, unit and bounds, as data.

The files are `properties/<scope>.yaml` and `properties/<scope>.<part>.yaml`; a device has those of
the scopes `common`, of its family and of its kind. The later scope wins.
"""

import functools
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from drawplate.emulators.located import Part
from drawplate.emulators.problems import SuiteError
from drawplate.emulators.refusals import Reason, Refused

_TYPES: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "text": (str,),
    "flag": (bool,),
    "json": (dict, list, str, int, float, bool, type(None)),
}

_EMPTY: Mapping[str, Any] = {"int": 0, "float": 0.0, "text": "", "flag": False}


class Property(Part):
    """One property: what it holds, where its first value comes from, and who may set it."""

    type: Literal["int", "float", "text", "flag", "json"]
    about: str
    unit: str = ""
    default: Any = None
    # A dotted path into the device's profile, or `spec.` and one into its specification.
    initial: str = ""
    # The initial value is multiplied by this, to get from the file's unit to the property's.
    times: int = 1
    least: float | None = None
    most: float | None = None
    choices: tuple[Any, ...] = ()
    # Whether `hw set` may change it; other interfaces have rules of their own.
    settable: bool = True
    # Follows time by itself: not worth a line in the journal.
    quiet: bool = False

    def first(self, spec: Any) -> Any:
        """Give the value that a new device of `spec` has."""
        if self.initial:
            path = self.initial.split(".")
            start = spec if path[0] == "spec" else getattr(spec, "profile", None)
            value = _follow(start, path[1:] if path[0] == "spec" else path)
            if value is not None:
                return _plain(value * self.times if self.times != 1 else value)
        if self.default is not None:
            return _plain(self.default)
        return _EMPTY.get(self.type)

    def check(self, key: str, value: Any) -> Any:
        """Give the value as it is kept. Raises Refused when it does not fit."""
        fits = isinstance(value, _TYPES[self.type])
        if not fits or (isinstance(value, bool) and self.type in {"int", "float"}):
            raise Refused(Reason.INVALID, f"{key} is a {self.type}, which {value!r} is not")
        if self.choices and value not in self.choices:
            known = ", ".join(map(str, self.choices))
            raise Refused(Reason.INVALID, f"{key} is one of {known}, not {value!r}")
        if (self.least is not None and value < self.least) or (
            self.most is not None and value > self.most
        ):
            bounds = f"{self.least if self.least is not None else '-∞'} to {self.most or '∞'}"
            raise Refused(Reason.OUT_OF_RANGE, f"{key} is from {bounds} {self.unit}, not {value}")
        return value


def properties(*scopes: str) -> Mapping[str, Property]:
    """Give the properties of the scopes together, by name."""
    return _properties(scopes)


@functools.cache
def _properties(scopes: tuple[str, ...]) -> Mapping[str, Property]:
    merged: dict[str, Property] = {}
    for scope in scopes:
        merged.update(_scope(scope))
    return merged


@functools.cache
def _scope(scope: str) -> Mapping[str, Property]:
    folder = Path(str(files("drawplate.emulators"))) / "state" / "properties"
    found: dict[str, Property] = {}
    for path in sorted([*folder.glob(f"{scope}.yaml"), *folder.glob(f"{scope}.*.yaml")]):
        for key, data in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).items():
            if key in found:
                raise SuiteError(f"the property {key!r} is there twice", where=str(path))
            found[key] = _read(path, key, data)
    return found


def _read(path: Path, key: str, data: Any) -> Property:
    try:
        return Property.model_validate(
            {name: tuple(it) if name == "choices" else it for name, it in data.items()}
        )
    except (ValidationError, AttributeError) as error:
        raise SuiteError(f"the property {key!r} is not right: {error}", where=str(path)) from None


def _follow(start: Any, path: list[str]) -> Any:
    found = start
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else getattr(found, name, None)
        if found is None:
            return None
    return found


def _plain(value: Any) -> Any:
    """Give a copy made of JSON's types only."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value

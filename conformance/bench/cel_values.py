"""Quantities and versions in CEL expressions: as maps with one key, and their functions."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from drawplate.conformance.bench import quantities

# The library has no way to add types of one's own, so a value of these types is a map with one of
# these keys; equality then works as it is.
QUANTITY = "k8s.quantity"
VERSION = "k8s.semver"
Value = Mapping[str, Any]


def quantity(text: str) -> Value:
    """Give the CEL value of a quantity."""
    return {QUANTITY: f"{quantities.parse(text).normalize():f}"}


def version(text: str) -> Value:
    """Give the CEL value of a semantic version."""
    return {VERSION: text}


def of_attribute(attribute: Mapping[str, Any]) -> Any:
    """Give the CEL value of a DeviceAttribute."""
    ((kind, value),) = attribute.items()
    if kind == "version":
        return version(value)
    if kind == "versions":
        return [version(one) for one in value]
    return value


def _order(value: Value) -> Any:
    if QUANTITY in value:
        return Decimal(value[QUANTITY])
    core, _, pre = value[VERSION].partition("+")[0].partition("-")
    # Semantic Versioning 2.0.0, section 11: a pre-release comes before its version, numbers
    # before words, and a longer one after its own beginning.
    words = [(0, int(one), "") if one.isdigit() else (1, 0, one) for one in pre.split(".") if pre]
    return ([int(one) for one in core.split(".")], not pre, words)


def _compare(one: Value, other: Value) -> int:
    return int(_order(one) > _order(other)) - int(_order(one) < _order(other))


def _number(value: Value | int) -> Decimal:
    return Decimal(value[QUANTITY]) if isinstance(value, Mapping) else Decimal(value)


def _plain(number: Decimal) -> Value:
    return {QUANTITY: f"{number.normalize():f}"}


def _parses(parse: Callable[[str], Any], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _parse_version(text: str) -> Value:
    numbers = _order({VERSION: text})[0]
    if len(numbers) != 3:  # noqa: PLR2004 major, minor and patch
        raise ValueError(f"{text!r} is not a semantic version")
    return version(text)


_PAIR = ("member", "MAP", "MAP")
_MIXED = ("member", "MAP", "INT")
_ONE = ("member", "MAP")
_TEXT = ("global", "STRING")

# Name -> implementation and overloads. Source: k8s.io/apiserver v0.37.2 pkg/cel/library,
# quantity.go and semverlib.go.
FUNCTIONS: Mapping[str, tuple[Any, ...]] = {
    "quantity": (quantity, _TEXT),
    "isQuantity": (lambda text: _parses(quantities.parse, text), _TEXT),
    "semver": (_parse_version, _TEXT),
    "isSemver": (lambda text: _parses(_parse_version, text), _TEXT),
    "compareTo": (_compare, _PAIR),
    "isGreaterThan": (lambda one, other: _compare(one, other) > 0, _PAIR),
    "isLessThan": (lambda one, other: _compare(one, other) < 0, _PAIR),
    "add": (lambda one, other: _plain(_number(one) + _number(other)), _PAIR, _MIXED),
    "sub": (lambda one, other: _plain(_number(one) - _number(other)), _PAIR, _MIXED),
    "sign": (lambda one: int(_number(one).compare(Decimal(0))), _ONE),
    "asInteger": (lambda one: int(_number(one)), _ONE),
    "isInteger": (lambda one: _number(one) == _number(one).to_integral_value(), _ONE),
    "asApproximateFloat": (lambda one: float(_number(one)), _ONE),
    "major": (lambda one: _order(one)[0][0], _ONE),
    "minor": (lambda one: _order(one)[0][1], _ONE),
    "patch": (lambda one: _order(one)[0][2], _ONE),
}

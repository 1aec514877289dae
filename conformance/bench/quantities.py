"""Quantities of Kubernetes ("80Gi", "500m") as exact numbers."""

import re
from decimal import Decimal

# k8s.io/apimachinery pkg/api/resource/quantity.go, "Quantity": binary, decimal and exponent suffixes.
BINARY = {
    suffix: Decimal(1024) ** power
    for power, suffix in enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))
}
DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
SHAPE = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?P<suffix>[eE][+-]?[0-9]+|[A-Za-z]{0,2})"
)


def parse(text: str | int) -> Decimal:
    """Give the number of a quantity. Raises ValueError when it is none."""
    match = SHAPE.fullmatch(str(text))
    if match is None:
        raise ValueError(f"{text!r} is not a quantity")
    number, suffix = Decimal(match["number"]), match["suffix"]
    if suffix in BINARY:
        return number * BINARY[suffix]
    if suffix in DECIMAL:
        return number.scaleb(DECIMAL[suffix])
    if suffix[:1] in {"e", "E"} and len(suffix) > 1:
        return number.scaleb(int(suffix[1:]))
    raise ValueError(f"{text!r} has an unknown suffix")


def text(number: Decimal) -> str:
    """Write a number as a quantity without suffix, or in thousandths when it is not whole."""
    if number == number.to_integral_value():
        return str(int(number))
    thousandths = number.scaleb(3)
    if thousandths == thousandths.to_integral_value():
        return f"{int(thousandths)}m"
    return f"{number:f}"

"""Values of attributes and capacities, as a ResourceSlice has them."""

import re

from drawplate.driver.device import Attribute

# k8s.io/dynamic-resource-allocation v0.37 deviceattribute: names that all drivers share.
STANDARD = "resource.kubernetes.io/"

# resource.k8s.io/v1: the longest string and version attribute.
MAX_VALUE = 64

_SUFFIXES = ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki")


def string(text: str) -> Attribute:
    """Give a text, cut to what the API takes."""
    return {"string": text[:MAX_VALUE]}


def integer(number: int) -> Attribute:
    """Give a whole number."""
    return {"int": number}


def flag(value: object) -> Attribute:
    """Give whether something is true."""
    return {"bool": bool(value)}


def version(text: str) -> Attribute:
    """Give a version as semver 2.0.0 wants it."""
    return {"version": semantic_version(text)}


def semantic_version(text: str) -> str:
    """Give a version as semver 2.0.0 wants it: `580.95.05` is `580.95.5`, `13.0` is `13.0.0`."""
    numbers = [int(number) for number in re.findall(r"\d+", text)[:3]]
    return ".".join(str(number) for number in [*numbers, 0, 0, 0][:3])


def quantity(size: int) -> str:
    """Give bytes as the API server writes them back, so that nothing seems to have changed."""
    for power, suffix in zip(range(6, 0, -1), _SUFFIXES, strict=True):
        if size and size % 1024**power == 0:
            return f"{size // 1024**power}{suffix}"
    return str(size)

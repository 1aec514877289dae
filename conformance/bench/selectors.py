"""CEL selectors of device classes and requests: by a CEL library if there is one."""

import importlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol

from drawplate.conformance.bench import cel_values
from drawplate.conformance.bench.pools import Device
from drawplate.conformance.problems import Inconclusive

LIBRARY = "cel_expr_python"
CURE = "pip install cel-expr-python"
DRIVER_IS = re.compile(r"""\s*device\.driver\s*==\s*(["'])([^"']*)\1\s*""")
# Domains that an expression names: one that a device lacks counts as there, and empty.
DOMAIN = re.compile(r"""device\.(attributes|capacity)\s*\[\s*["']([^"']+)["']\s*\]""")


class Selectors(Protocol):
    """Decides whether a device meets a selector."""

    def matches(self, expression: str, device: Device) -> bool:
        """Evaluate a CEL expression for a device. Raises Inconclusive when that is impossible."""


class PlainSelectors:
    """Understands `true` and `device.driver == "x"`, which need no library."""

    def matches(self, expression: str, device: Device) -> bool:
        """Evaluate one of the two forms."""
        named = DRIVER_IS.fullmatch(expression)
        if named:
            return named[2] == device.key.driver
        if expression.strip() in {"true", "false"}:
            return expression.strip() == "true"
        raise Inconclusive(f"the selector {expression!r} needs a CEL library; cure: {CURE}")


class CelSelectors:
    """Evaluates selectors with Google's CEL in the environment that Kubernetes gives them.

    Source of the variables and functions: k8s.io/dynamic-resource-allocation v0.37.2
    cel/compile.go. The real scheduler has the last word; ours only chooses stimuli.
    """

    def __init__(self) -> None:
        """Load the library. Raises ImportError when it is missing."""
        self._environment: Any = _environment()
        self._programs: dict[str, Any] = {}

    def matches(self, expression: str, device: Device) -> bool:
        """Compile (once) and evaluate."""
        if expression not in self._programs:
            self._programs[expression] = self._compile(expression)
        result = self._programs[expression].eval(data={"device": _variables(expression, device)})
        value = result.value()
        if not isinstance(value, bool):
            raise Inconclusive(f"selector {expression!r} on {device.key}: {value}")
        return value

    def _compile(self, expression: str) -> Any:
        try:
            return self._environment.compile(expression)
        except RuntimeError as error:
            raise Inconclusive(f"selector {expression!r} does not compile: {error}") from error


@cache
def selectors() -> Selectors:
    """Give the best way to evaluate selectors that is installed."""
    try:
        return CelSelectors()
    except ImportError:
        return PlainSelectors()


def _environment() -> Any:
    cel = importlib.import_module(f"{LIBRARY}.cel")
    extensions = {"bindings": "ExtBindings", "optional": "ExtOptional", "strings": "ExtStrings"}
    loaded = [
        getattr(importlib.import_module(f"{LIBRARY}.ext.ext_{module}"), name)()
        for module, name in extensions.items()
    ]
    functions = [_function(cel, name, *form) for name, form in cel_values.FUNCTIONS.items()]
    variables = {"device": cel.Type.DYN}
    return cel.NewEnv(variables=variables, extensions=loaded, functions=functions)


def _function(
    cel: Any, name: str, implementation: Callable[..., Any], *forms: tuple[str, ...]
) -> Any:
    overloads = [
        cel.Overload(
            f"{name}_{'_'.join(form)}",
            return_type=cel.Type.DYN,
            parameters=[getattr(cel.Type, kind) for kind in form[1:]],
            is_member=form[0] == "member",
            impl=implementation,
        )
        for form in forms
    ]
    return cel.FunctionDecl(name, overloads)


def _variables(expression: str, device: Device) -> Mapping[str, Any]:
    attributes: dict[str, dict[str, Any]] = {}
    capacity: dict[str, dict[str, Any]] = {}
    for name, value in device.entry.get("attributes", {}).items():
        domain, short = _split(name, device.key.driver)
        attributes.setdefault(domain, {})[short] = cel_values.of_attribute(value)
    for name, value in device.entry.get("capacity", {}).items():
        domain, short = _split(name, device.key.driver)
        capacity.setdefault(domain, {})[short] = cel_values.quantity(value["value"])
    for where, domain in DOMAIN.findall(expression):
        (attributes if where == "attributes" else capacity).setdefault(domain, {})
    return {
        "driver": device.key.driver,
        "allowMultipleAllocations": device.shareable,
        "attributes": attributes,
        "capacity": capacity,
    }


def _split(name: str, driver: str) -> tuple[str, str]:
    domain, slash, short = name.rpartition("/")
    return (domain, short) if slash else (driver, name)

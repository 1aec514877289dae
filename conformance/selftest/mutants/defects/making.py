"""How defects are declared: a function that changes a driver which was built but does not run."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from drawplate.driver.daemon import Driver

Change = Callable[[Driver], None]
DEFECTS: dict[str, Change] = {}


def defect(name: str) -> Callable[[Change], Change]:
    """Enter the decorated function as the defect `name`."""

    def enter(change: Change) -> Change:
        DEFECTS[name] = change
        return change

    return enter


def put(target: object, name: str, replacement: Any) -> None:
    """Replace a method of one object (or class or module), whatever its type says."""
    setattr(target, name, replacement)


def after(target: object, name: str, change: Callable[..., Any]) -> None:
    """Replace a method by one that calls it and gives `change(result, *arguments)` instead."""
    original = getattr(target, name)
    put(target, name, lambda *given, **named: change(original(*given, **named), *given))


def nothing(*_: object, **__: object) -> None:
    """Do nothing, in the place of any method."""


def unlocked(*_: object) -> nullcontext[None]:
    """Hold no lock, in the place of one."""
    return nullcontext()

"""What the collected tests say of themselves, and whether they are all that the catalogue needs."""

from collections import defaultdict
from collections.abc import Iterable

import pytest

from drawplate.conformance import catalogue
from drawplate.conformance.alone import EVERYTHING, Alone
from drawplate.conformance.catalogue import Height
from drawplate.conformance.selftest.mutants import registry


def requirements_of(item: pytest.Item) -> tuple[str, ...]:
    """Give the IDs which the test proves; raises UsageError when it names none."""
    mark = item.get_closest_marker("covers")
    if mark is None or not mark.args:
        raise pytest.UsageError(f"{item.nodeid} proves no requirement: give it @covers(…)")
    return mark.args


def height_of(item: pytest.Item) -> Height:
    """Tell the height by what the test stands on: its fixtures reach `bench` or `cluster`."""
    names = getattr(item, "fixturenames", ())
    at_bench, in_cluster = "bench" in names, "cluster" in names
    if at_bench == in_cluster:
        raise pytest.UsageError(f"{item.nodeid} must stand on either `bench` or `cluster`")
    return "bench" if at_bench else "cluster"


def needs_of(item: pytest.Item) -> Alone:
    """Give what the test needs alone: all, when it does not say."""
    mark = item.get_closest_marker("alone")
    needs: Alone = mark.args[0] if mark else EVERYTHING
    return needs


def check_completeness(items: Iterable[pytest.Item]) -> None:
    """Refuse unknown IDs, requirements without a test, and a MUST without a mutant."""
    known = catalogue.load()
    proven: defaultdict[str, set[Height]] = defaultdict(set)
    for item in items:
        for name in requirements_of(item):
            proven[name].add(height_of(item))
    faults = [
        f"{name} is covered by a test but is not in the catalogue"
        for name in sorted(set(proven) - set(known))
    ]
    mutants = registry.names()
    for requirement in known.values():
        if requirement.retired:
            continue
        untested = set(requirement.heights) - proven[requirement.id]
        faults += [f"{requirement.id} has no test at the {h}" for h in sorted(untested)]
        surplus = proven[requirement.id] - set(requirement.heights)
        faults += [f"{requirement.id} does not name the height {h}" for h in sorted(surplus)]
        if requirement.level == "MUST" and not requirement.mutants:
            faults.append(f"{requirement.id} is a MUST that no mutant proves")
        unknown = set(requirement.mutants) - mutants
        faults += [f"{requirement.id} names the unknown mutant {m}" for m in sorted(unknown)]
    if faults:
        raise pytest.UsageError("the catalogue and its tests disagree:\n  " + "\n  ".join(faults))

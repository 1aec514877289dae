"""Which devices a container has: read off what shows inside it, and off what it was allocated."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.placeholders import mentioned, render
from drawplate.conformance.profile.section import IDENTITY_GROUP
from drawplate.conformance.profile.sight import Edits, Sight, sight_of
from drawplate.conformance.profile.traces import Effect, Mark, Trace
from drawplate.emulators.problems import SetupProblem, SuiteError

Json = Mapping[str, Any]


def identities(profile: Profile, edits_or_probe: Edits | Json | Sight) -> frozenset[str]:
    """Give the devices that show in a container, each as MARK=IDENTITY for every mark.

    Takes the merged CDI edits of the bench or the JSON document that the probe prints in a pod.
    """
    sight = sight_of(edits_or_probe)
    return frozenset(
        f"{mark.name}={match[IDENTITY_GROUP]}"
        for mark in profile.observe.marks
        for match in _matches(mark, sight)
        if IDENTITY_GROUP in match.groupdict()
    )


def shows(effect: Effect, edits_or_probe: Edits | Json | Sight) -> bool:
    """Say whether a container is as the effect of a configuration demands."""
    return any(True for _ in _matches(effect, sight_of(edits_or_probe))) is not effect.absent


def expected_identities(
    profile: Profile, slices: Iterable[Json], results: Iterable[Json], *, claim: str = ""
) -> frozenset[str]:
    """Give what `identities` must give for a container with these allocation results.

    `slices` are ResourceSlices as JSON, `results` entries of
    `status.allocation.devices.results`, of which those of other drivers are left out; `claim` is
    the claim's name, for marks that show it. Raises SetupProblem when a mark shows an attribute
    that the device does not publish, SuiteError when a device is in no slice.
    """
    published = list(slices)
    expected = set()
    for result in results:
        if result["driver"] != profile.driver.name:
            continue
        for mark in profile.observe.marks:
            values = _values(profile, mark, published, result, claim)
            shown = render(mark.shows, values)
            if mark.underscored:
                shown = re.sub("[^a-zA-Z0-9]", "_", shown)
            expected.add(f"{mark.name}={shown}")
    return frozenset(expected)


def _matches(trace: Trace, sight: Sight) -> Iterator[re.Match[str]]:
    variable = trace.environment
    if variable:
        for name, value in sight.environment.items():
            named = re.fullmatch(variable.name, name)
            parts = value.split(variable.separator) if variable.separator else [value]
            valued = [re.fullmatch(variable.value, part) for part in parts]
            if named and any(valued):
                yield from ([named] if named.groupdict() else filter(None, valued))
        return
    for pattern, seen in (
        (trace.device_node, sight.device_nodes),
        (trace.mount, sight.mounts),
        (trace.interface, sight.interfaces),
    ):
        if pattern:
            yield from filter(None, (re.fullmatch(pattern, entry) for entry in seen))


def _values(
    profile: Profile, mark: Mark, slices: list[Json], result: Json, claim: str
) -> dict[str, str]:
    values = {
        "device": str(result["device"]),
        "pool": str(result["pool"]),
        # A request of a prioritised list reads REQUEST/SUBREQUEST in results.
        "request": str(result["request"]).partition("/")[0],
    }
    if claim:
        values["claim"] = claim
    for kind, name in mentioned(mark.shows):
        if kind == "attribute":
            device = _device(profile.driver.name, slices, result)
            values[f"attribute:{name}"] = _attribute(profile, device, name)
    return values


def _device(driver: str, slices: list[Json], result: Json) -> Json:
    found = [
        (entry["spec"]["pool"]["generation"], device)
        for entry in slices
        if entry["spec"]["driver"] == driver and entry["spec"]["pool"]["name"] == result["pool"]
        for device in entry["spec"].get("devices") or ()
        if device["name"] == result["device"]
    ]
    if not found:
        raise SuiteError(
            f"device {result['pool']}/{result['device']} is in none of the slices",
            cure="give the slices from which the claim was allocated",
        )
    newest: Json = max(found, key=lambda pair: int(pair[0]))[1]
    return newest


def _attribute(profile: Profile, device: Json, name: str) -> str:
    attributes = device.get("attributes") or {}
    # A name without a domain is of the driver's own (resource.k8s.io/v1 QualifiedName).
    own = f"{profile.driver.name}/"
    same = {key.removeprefix(own): value for key, value in attributes.items()}
    typed = same.get(name.removeprefix(own))
    if not typed:
        raise SetupProblem(
            f"device {device['name']!r} publishes no attribute {name!r}",
            where=f"{profile.source} (observe.marks)",
            cure=f"it publishes {', '.join(attributes) or 'none'}",
        )
    value = next(iter(typed.values()))
    return str(value).lower() if isinstance(value, bool) else str(value)

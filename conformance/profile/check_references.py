"""Names in a profile that refer to something: requests, classes, requirements, machines."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from drawplate.conformance.profile.findings import Complaint, suggest
from drawplate.conformance.profile.model import Profile
from drawplate.emulators.machine import shipped as machines
from drawplate.emulators.problems import SetupProblem


def reference_findings(profile: Profile, today: date) -> Iterator[Complaint]:
    """Give the names that refer to nothing, and known failures that are out of date."""
    yield from _known_failures(profile, today)
    yield from _classes(profile)
    yield from _cases(profile)
    yield from _claimed(profile)
    yield from _machine(profile)


def _known_failures(profile: Profile, today: date) -> Iterator[Complaint]:
    # The catalogue is read only by those who need it: loading a profile stays quick.
    from drawplate.conformance import catalogue  # noqa: PLC0415

    known = catalogue.load()
    for number, failure in enumerate(profile.known_failures):
        path = ("knownFailures", number)
        requirement = known.get(failure.requirement)
        if requirement is None or requirement.retired:
            what = f"there is no requirement {failure.requirement!r}"
            yield (*path, "requirement"), what, suggest(failure.requirement, list(known))
        elif strange := set(failure.heights) - set(requirement.heights):
            what = f"{requirement.id} is not tested at the height {min(strange)}"
            cure = f"its heights are {', '.join(requirement.heights)}"
            yield (*path, "heights"), what, cure
        if failure.until < today:
            what = f"the known failure ended on {failure.until}"
            yield (*path, "until"), what, "remove it, or look at the link and set a later day"


def _classes(profile: Profile) -> Iterator[Complaint]:
    declared = [entry.name for entry in profile.classes]
    for number, request in enumerate(profile.requests):
        for name in _class_names(request.request):
            if name not in declared:
                what = f"the request names the class {name!r}, which the profile does not have"
                yield ("requests", number, "request"), what, suggest(name, declared) + " (classes)"


def _class_names(request: Any) -> Iterator[str]:
    if isinstance(request, dict):
        for key, value in request.items():
            if key == "deviceClassName":
                yield str(value)
            else:
                yield from _class_names(value)
    elif isinstance(request, list):
        for entry in request:
            yield from _class_names(entry)


def _cases(profile: Profile) -> Iterator[Complaint]:
    served = [request.need for request in profile.requests]
    for number, case in enumerate(profile.configs.cases):
        for need in case.needs:
            if need not in served:
                what = f"the configuration is for the request {need!r}, which the profile lacks"
                yield ("configs", "cases", number), what, f"name one of {', '.join(served)}"


def _claimed(profile: Profile) -> Iterator[Complaint]:
    process = profile.deploy.process
    for name in ("metrics", "liveness"):
        if profile.capability(name) and process and name not in process.endpoints:
            what = f"{name} is claimed, but its address is not given"
            yield ("capabilities", name), what, f"add {name} to deploy.process.endpoints"
    if profile.capability("hotplug") and not (profile.lever("unplug") and profile.lever("replug")):
        what = "hotplug is claimed, but nothing tells how to change the hardware"
        yield ("capabilities", "hotplug"), what, "add unplug and replug to hardware.levers"


def _machine(profile: Profile) -> Iterator[Complaint]:
    name = profile.hardware.machine
    if name is None:
        levers = profile.hardware.levers.named()
        for key in (key for key, lever in levers.items() if lever.emulated):
            what = "the lever changes an emulated machine, but hardware.machine names none"
            yield ("hardware", "levers", key), what, "name a machine, or give a command"
        return
    beside = profile.folder / name
    try:
        machines.load(str(beside) if beside.is_file() else name)
    except SetupProblem as problem:
        where = f" ({problem.where})" if problem.where else ""
        yield ("hardware", "machine"), f"{problem.what}{where}", problem.cure

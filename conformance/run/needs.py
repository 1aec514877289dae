"""What requirements need of a driver, and whether its profile offers it.

Each need has one answer: yes, or no with the reason that the report gives. A capability that the
profile leaves out is not assumed: its requirements are not applicable, and the reason says how to
have them tested.
"""

from collections.abc import Callable, Mapping

from drawplate.conformance.problems import SuiteError
from drawplate.conformance.profile.model import Profile

# "" means that the need is met; anything else is the reason why it is not.
Answer = str


def _capability(name: str) -> Callable[[Profile], Answer]:
    def answer(profile: Profile) -> Answer:
        declared = profile.capability(name)
        if declared:
            return ""
        if declared is False:
            return f"the profile declares that the driver has no {name}"
        return f"the profile does not declare {name}; say capabilities.{name} to have it tested"

    return answer


def _config(profile: Profile) -> Answer:
    lacking = _capability("config")(profile)
    if lacking or profile.configs.cases:
        return lacking
    return "the profile declares config, but gives no configs.cases to try"


def _hotplug(profile: Profile) -> Answer:
    lacking = _capability("hotplug")(profile)
    if lacking or (profile.hardware.levers.replug and profile.hardware.levers.unplug):
        return lacking
    return "the profile gives no hardware.levers.unplug and replug"


def _identity(profile: Profile) -> Answer:
    if profile.deploy.process and profile.deploy.process.identity:
        return ""
    return "the profile gives no deploy.process.identity, so the driver's own rights are not known"


def _own_rights(profile: Profile) -> Answer:
    # Pods of the driver have its account; a process has only what the profile gives it.
    return "" if profile.deploy.manifests else _identity(profile)


def _node_local(profile: Profile) -> Answer:
    if not profile.capability("networkAttached"):
        return ""
    return "the profile declares that the driver's devices can be used from several nodes"


def _identity_attribute(profile: Profile) -> Answer:
    if any("{device}" in m.shows or "{attribute:" in m.shows for m in profile.observe.marks):
        return ""
    return "no mark of the profile's observe tells the device that a container has"


NEEDS: Mapping[str, Callable[[Profile], Answer]] = {
    "config": _config,
    "hotplug": _hotplug,
    "identity": _identity,
    "ownRights": _own_rights,
    "nodeLocal": _node_local,
    "networkAttached": _capability("networkAttached"),
    "identityAttribute": _identity_attribute,
    "admissionPolicy": _capability("admissionPolicy"),
    "sharedByContainers": _capability("sharedByContainers"),
    "sharedByPods": _capability("sharedByPods"),
    "sharedByNodes": _capability("sharedByNodes"),
}


def unmet(needs: tuple[str, ...], profile: Profile) -> str:
    """Give the reason why a requirement with `needs` is not applicable, "" when it is.

    Raises SuiteError for a need that nobody defined.
    """
    for need in needs:
        if need not in NEEDS:
            raise SuiteError(f"the catalogue names the unknown need {need!r}")
        reason = NEEDS[need](profile)
        if reason:
            return reason
    return ""

"""The first profile of a driver, written from what it publishes and says of itself."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from drawplate.conformance.profile.findings import suggest
from drawplate.emulators.problems import SetupProblem

Slice = Mapping[str, Any]
_PLUGIN = "DRAPlugin"
_HEALTH = "DRAResourceHealth"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute that tells all devices of a node apart; `example` is one of its values."""

    name: str
    example: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a running driver shows of itself on one node.

    `versions` are the services that it lists at registration, None when nobody could ask.
    """

    driver: str
    node: str
    devices: tuple[Mapping[str, Any], ...]
    identities: tuple[Attribute, ...]
    versions: tuple[str, ...] | None = None

    @property
    def dra_versions(self) -> list[str]:
        """The versions of DRAPlugin that it lists."""
        return _of_service(self.versions, _PLUGIN)

    @property
    def health_versions(self) -> list[str]:
        """The versions of DRAResourceHealth that it lists."""
        return _of_service(self.versions, _HEALTH)

    @property
    def seen(self) -> list[str]:
        """The capabilities that show in the slices."""
        marks = {
            "consumable": "allowMultipleAllocations",
            "partitionable": "consumesCounters",
            "taints": "taints",
            "bindingConditions": "bindingConditions",
        }
        return [name for name, key in marks.items() if any(d.get(key) for d in self.devices)]


def choose(slices: Iterable[Slice], driver: str, node: str) -> tuple[str, str]:
    """Give the driver and node to describe: those asked for, else the only ones there are.

    Raises SetupProblem when there is no such driver or node, or when the choice is open.
    """
    published = list(slices)
    drivers = sorted({entry["spec"]["driver"] for entry in published})
    name = _pick("driver", "--driver", driver, drivers)
    nodes = sorted(
        {
            entry["spec"]["nodeName"]
            for entry in published
            if entry["spec"]["driver"] == name and entry["spec"].get("nodeName")
        }
    )
    if not node and len(nodes) > 1:
        # Nodes of one driver are alike; the first stands for all.
        return name, nodes[0]
    return name, _pick(f"node with slices of {name}", "--node", node, nodes)


def describe(
    slices: Iterable[Slice], driver: str, node: str, versions: Sequence[str] | None
) -> Findings:
    """Gather what the newest slices of a driver on a node tell."""
    own = [
        entry["spec"]
        for entry in slices
        if entry["spec"]["driver"] == driver and entry["spec"].get("nodeName") == node
    ]
    newest: dict[str, int] = {}
    for spec in own:
        pool = spec["pool"]
        newest[pool["name"]] = max(newest.get(pool["name"], 0), pool["generation"])
    devices = tuple(
        device
        for spec in own
        if spec["pool"]["generation"] == newest[spec["pool"]["name"]]
        for device in spec.get("devices") or ()
    )
    listed = None if versions is None else tuple(versions)
    return Findings(driver, node, devices, tuple(_identities(devices)), listed)


def write(findings: Findings) -> str:
    """Give the text of the profile, with comments on what is left to say."""
    import jinja2  # noqa: PLC0415 - only here is it needed

    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # This writes YAML for people, never a page of a browser.
        autoescape=False,  # noqa: S701
    )
    environment.filters["quoted"] = lambda value: json.dumps(value, ensure_ascii=False)
    template = files("drawplate.conformance.profile") / "draft.yaml.j2"
    return environment.from_string(template.read_text(encoding="utf-8")).render(findings=findings)


def _pick(what: str, flag: str, wanted: str, known: list[str]) -> str:
    if wanted in known:
        return wanted
    if not wanted and len(known) == 1:
        return known[0]
    if not known:
        raise SetupProblem(
            f"the cluster has no {what}: no ResourceSlice tells of one",
            where=flag,
            cure="start the driver first, and wait until it has published its devices",
        )
    if wanted:
        raise SetupProblem(
            f"there is no {what} {wanted!r}", where=flag, cure=suggest(wanted, known)
        )
    raise SetupProblem(
        f"the cluster has more than one {what}", where=flag, cure=f"name one: {', '.join(known)}"
    )


def _of_service(versions: Sequence[str] | None, service: str) -> list[str]:
    parts = (entry.partition(".") for entry in versions or ())
    return [version for version, _, name in parts if name == service]


def _identities(devices: Sequence[Mapping[str, Any]]) -> Iterable[Attribute]:
    """Give the attributes that every device has and no two share."""
    names = devices[0].get("attributes") or {} if devices else {}
    # The driver's own names before those of a domain: they say most about its devices.
    for name in sorted(names, key=lambda name: ("/" in name, name)):
        values = [
            str(next(iter(typed.values())))
            for device in devices
            if (typed := (device.get("attributes") or {}).get(name))
        ]
        if len(values) == len(devices) == len(set(values)):
            yield Attribute(name, values[0])

"""The profile: everything that Drawplate knows about one driver."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, PrivateAttr, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from drawplate.conformance.profile.abilities import Capabilities, Limits, Policies, State
from drawplate.conformance.profile.claims import ConfigCase, Configs, DeviceClass, Need, Request
from drawplate.conformance.profile.deployment import Deploy
from drawplate.conformance.profile.hardware import Hardware, Lever, LeverName
from drawplate.conformance.profile.nodes import Nodes
from drawplate.conformance.profile.section import Argv, Section, Slug, Text, refusal
from drawplate.conformance.profile.traces import Observe
from drawplate.emulators.problems import SuiteError

API_VERSION = "drawplate.dev/v1alpha1"
KIND = "DriverProfile"
# resource.k8s.io/v1 ResourceSliceSpec.driver: a DNS subdomain of at most 63 characters.
DriverName = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", max_length=63
    ),
]


class Metadata(Section):
    """Whose driver it is."""

    name: Slug
    """The profile's name."""
    vendor: str = ""
    """Who makes the driver."""
    url: str = ""
    """Where to read about it."""


class Driver(Section):
    """What the driver calls itself."""

    name: DriverName
    """Its name at registration, in slices and in allocations."""
    version: Argv = ()
    """A command that prints its version in one line; placeholders {python} and {component:NAME}."""


class KnownFailure(Section):
    """A requirement that this driver is known not to meet; it is tested all the same."""

    requirement: Text
    """Its ID in the catalogue."""
    heights: tuple[Literal["bench", "cluster"], ...] = Field(min_length=1)
    """Where it fails."""
    reason: Text
    """Why, in one sentence."""
    link: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    """Where the defect is followed."""
    until: date
    """The last day on which the entry holds."""


class Variant(Section):
    """Another mode of the same driver: load it as NAME@VARIANT."""

    name: Slug
    """Its name."""
    overlay: dict[str, JsonValue]
    """What differs: mappings are merged, everything else is replaced."""


class Profile(Section):
    """One driver, as data."""

    api_version: Literal["drawplate.dev/v1alpha1"]
    """The version of this format."""
    kind: Literal["DriverProfile"]
    """What the file is."""
    metadata: Metadata
    """Whose driver it is."""
    driver: Driver
    """What the driver calls itself."""
    deploy: Deploy = Deploy()
    """How it is run."""
    classes: tuple[DeviceClass, ...] = ()
    """Device classes that requests name."""
    requests: tuple[Request, ...] = ()
    """Ways to ask for devices, at most one for each need."""
    configs: Configs = Configs()
    """Its opaque configurations."""
    observe: Observe = Observe()
    """Where an allocation shows."""
    capabilities: Capabilities = Capabilities()
    """What it can do."""
    hardware: Hardware = Hardware()
    """What hardware it finds."""
    nodes: Nodes = Nodes()
    """How nodes are restarted that Drawplate cannot control."""
    state: State = State()
    """What it remembers."""
    limits: Limits = Limits()
    """Bounds that it states for itself."""
    policies: Policies = Policies()
    """What it does where the API leaves it the choice."""
    known_failures: tuple[KnownFailure, ...] = ()
    """Requirements that it is known not to meet."""
    variants: tuple[Variant, ...] = ()
    """Other modes of the same driver."""

    _source: Path = PrivateAttr(default=Path())
    _variant: str = PrivateAttr(default="")
    _digest: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Profile":
        _refuse_twins("requests", "need", [request.need for request in self.requests])
        _refuse_twins("classes", "name", [entry.name for entry in self.classes])
        _refuse_twins("configs.cases", "id", [case.id for case in self.configs.cases])
        _refuse_twins("observe.marks", "name", [mark.name for mark in self.observe.marks])
        _refuse_twins("variants", "name", [variant.name for variant in self.variants])
        return self

    @property
    def source(self) -> Path:
        """Give the file that the profile was read from."""
        return self._source

    @property
    def folder(self) -> Path:
        """Give the folder to which the profile's relative paths refer."""
        return self._source.parent

    @property
    def digest(self) -> str:
        """Give the SHA-256 of the file, in hexadecimal, for reports."""
        return self._digest

    @property
    def title(self) -> str:
        """Give the name with its variant: NAME or NAME@VARIANT."""
        return f"{self.metadata.name}@{self._variant}" if self._variant else self.metadata.name

    def bind(self, source: Path, digest: str, variant: str) -> None:
        """Note where the profile was read from; only the loader calls this."""
        self._source, self._digest, self._variant = source, digest, variant

    def request(self, need: Need) -> Request | None:
        """Give the request for a need; None when the driver cannot serve it."""
        return next((entry for entry in self.requests if entry.need == need), None)

    def cases(
        self, *, valid: bool, source: Literal["claim", "class"] = "claim"
    ) -> list[ConfigCase]:
        """Give the configurations of one kind."""
        return [c for c in self.configs.cases if c.valid is valid and c.source == source]

    def lever(self, name: LeverName) -> Lever | None:
        """Give a way to change the hardware; None when the profile has none of this name."""
        return self.hardware.levers.named().get(name)

    def capability(self, name: str) -> bool | None:
        """Give a capability by its key in the file: True, False, or None for not declared.

        Raises SuiteError for a name that the profile has no key for.
        """
        field = {to_camel(key): key for key in Capabilities.model_fields}.get(name)
        if field is None:
            raise SuiteError(f"there is no capability {name!r}", where="capabilities of a profile")
        value = getattr(self.capabilities, field)
        return None if value is None else bool(value)


def _refuse_twins(where: str, key: str, values: Sequence[str]) -> None:
    twins = [value for value, count in Counter(values).items() if count > 1]
    if twins:
        raise refusal(
            "twins",
            f"{where} has {key} {twins[0]!r} more than once",
            "rename or remove one of them",
        )

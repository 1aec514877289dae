"""What is asked of a driver: device classes, requests by need, and opaque configurations."""

from typing import Literal

from pydantic import JsonValue, model_validator

from drawplate.conformance.profile.section import Section, Slug, Text, refusal
from drawplate.conformance.profile.traces import Effect

Need = Literal[
    "one",
    "several",
    "all",
    "partition",
    "share",
    "incompatible-a",
    "incompatible-b",
    "admin",
    "unsatisfiable",
]


class DeviceClass(Section):
    """A DeviceClass that requests name; made when it is missing, removed only if we made it."""

    name: Text
    """Its name."""
    spec: dict[str, JsonValue]
    """Its spec as in resource.k8s.io/v1."""


class Expectation(Section):
    """What a request gives."""

    devices: int | Literal["all"] = 1
    """How many devices, or all of the node."""


class Request(Section):
    """One way to ask this driver for something that suites need."""

    need: Need
    """What it is for."""
    request: dict[str, JsonValue]
    """A DeviceRequest of resource.k8s.io/v1 without its name: exactly or firstAvailable."""
    expect: Expectation = Expectation()
    """What it gives."""

    @model_validator(mode="after")
    def _one_kind(self) -> "Request":
        if set(self.request) not in ({"exactly"}, {"firstAvailable"}):
            raise refusal(
                "device_request",
                f"a request has exactly or firstAvailable, not {', '.join(self.request) or 'nothing'}",
                "write request: {exactly: {deviceClassName: …}}; the suites give the name",
            )
        return self


class ConfigPolicy(Section):
    """Choices that the API leaves to the driver; it is held to what is declared here."""

    unknown_field: Literal["reject", "accept"] | None = None
    """What happens to a field that the driver does not know."""
    unknown_kind: Literal["reject", "accept"] | None = None
    """What happens to a kind that the driver does not know."""
    class_vs_claim: Literal["claim", "class", "merge"] | None = None
    """Which wins when class and claim configure the same device."""
    refused_by: Literal["prepare", "webhook", "both"] | None = None
    """Where a wrong configuration is refused."""


class ConfigCase(Section):
    """One opaque configuration and what it does."""

    id: Slug
    """Its name in reports."""
    parameters: dict[str, JsonValue]
    """The opaque parameters."""
    valid: bool = True
    """Whether the driver accepts them."""
    source: Literal["claim", "class"] = "claim"
    """Where they are written."""
    needs: tuple[Need, ...] = ("one",)
    """The requests that they apply to."""
    expect: tuple[Effect, ...] = ()
    """What shows in a container that has the device."""

    @model_validator(mode="after")
    def _effects_need_validity(self) -> "ConfigCase":
        if self.expect and not self.valid:
            raise refusal(
                "config_case",
                "a configuration that is refused has no effect",
                "remove expect, or say valid: true",
            )
        return self


class Configs(Section):
    """The driver's opaque configurations."""

    policy: ConfigPolicy = ConfigPolicy()
    """What the driver does where the API leaves it the choice."""
    cases: tuple[ConfigCase, ...] = ()
    """Configurations to try."""

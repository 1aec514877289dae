"""Opaque configuration: what it does, what is refused, and which device it is for."""

from collections.abc import Mapping
from typing import Any

import pytest

from drawplate.driver.claims import Configuration
from drawplate.driver.prepared import Refusal
from drawplate.driver.scope import Scope
from drawplate.driver.sharing import EXCLUSIVE, MAX_BYTES, parse


def config(sharing: Any = None, **more: Any) -> dict[str, Any]:
    base = {"apiVersion": "gpu.drawplate.dev/v1alpha1", "kind": "GpuConfig"}
    return {**base, **({} if sharing is None else {"sharing": sharing}), **more}


@pytest.mark.parametrize(
    ("sharing", "effects"),
    [
        (None, EXCLUSIVE),
        ({"strategy": "TimeSlicing"}, {"SHARING": "TimeSlicing", "INTERVAL": "Default"}),
        (
            {"strategy": "TimeSlicing", "timeSlicing": {"interval": "Long"}},
            {"SHARING": "TimeSlicing", "INTERVAL": "Long"},
        ),
        (
            {"strategy": "Partitioned", "partitioned": {"maxClients": 4}},
            {"SHARING": "Partitioned", "MAX_CLIENTS": "4"},
        ),
        (
            {"strategy": "Partitioned", "partitioned": {"maxClients": 1, "memoryPercent": 100}},
            {"SHARING": "Partitioned", "MAX_CLIENTS": "1", "MEMORY_PERCENT": "100"},
        ),
    ],
)
def test_a_valid_configuration_has_its_effects(sharing: Any, effects: Mapping[str, str]) -> None:
    assert parse(config(sharing)) == effects


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        (None, "configuration is None"),
        ([], "configuration is"),
        ("text", "configuration is"),
        ({}, "configuration.apiVersion is None"),
        (config(apiVersion="gpu.drawplate.dev/v9"), "configuration.apiVersion is"),
        (config(kind="OtherConfig"), "configuration.kind is 'OtherConfig'"),
        (config(extra=1), "configuration has the unknown field 'extra'"),
        (config([]), "sharing is"),
        (config({}), "sharing.strategy is None"),
        (config({"strategy": "Magic"}), "sharing.strategy is 'Magic'"),
        (config({"strategy": "Magic", "x": 1}), "sharing has the unknown field 'x'"),
        (config({"strategy": "TimeSlicing", "partitioned": {}}), "unknown field 'partitioned'"),
        (config({"strategy": "TimeSlicing", "timeSlicing": None}), "sharing.timeSlicing is None"),
        (config({"strategy": "TimeSlicing", "timeSlicing": {"interval": "x"}}), "interval is 'x'"),
        (config({"strategy": "TimeSlicing", "timeSlicing": {"interval": []}}), "interval is"),
        (config({"strategy": "TimeSlicing", "timeSlicing": {"a": 1}}), "unknown field 'a'"),
        (config({"strategy": "Partitioned"}), "sharing.partitioned is None"),
        (config({"strategy": "Partitioned", "partitioned": {}}), "maxClients is None"),
        (config({"strategy": "Partitioned", "partitioned": {"maxClients": 0}}), "is 0"),
        (config({"strategy": "Partitioned", "partitioned": {"maxClients": 65}}), "is 65"),
        (config({"strategy": "Partitioned", "partitioned": {"maxClients": True}}), "is True"),
        (config({"strategy": "Partitioned", "partitioned": {"maxClients": "4"}}), "is '4'"),
        (
            config(
                {"strategy": "Partitioned", "partitioned": {"maxClients": 4, "memoryPercent": 101}}
            ),
            "memoryPercent is 101",
        ),
        (config({"strategy": "x" * 5000}), "'xxx"),
        (config(extra="x" * MAX_BYTES), f"{MAX_BYTES} are allowed"),
    ],
)
def test_everything_else_is_refused_by_its_place(parameters: Any, place: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse(parameters)

    assert place in str(caught.value)
    assert len(str(caught.value)) < 300


def of(source: str, *requests: str, value: str) -> Configuration:
    return Configuration(source, requests, value)


def choose(*configurations: Configuration, request: str = "req") -> Mapping[str, str]:
    return Scope(lambda parameters: {"is": parameters}).settings(configurations, request)


def test_without_any_configuration_a_device_is_exclusive() -> None:
    assert choose() == EXCLUSIVE


@pytest.mark.parametrize(
    ("scope", "request_name", "applies"),
    [
        ((), "req", True),
        ((), "req/sub", True),
        (("req",), "req", True),
        (("req",), "req/sub", True),
        (("req/sub",), "req/sub", True),
        (("req/other",), "req/sub", False),
        (("req/sub",), "req", False),
        (("other",), "req", False),
        (("re",), "req", False),
        (("other", "req"), "req", True),
    ],
)
def test_a_configuration_is_for_the_requests_that_it_names(
    scope: tuple[str, ...], request_name: str, *, applies: bool
) -> None:
    chosen = choose(of("FromClaim", *scope, value="yes"), request=request_name)

    assert (chosen == {"is": "yes"}) == applies


def test_of_several_the_last_one_wins() -> None:
    assert choose(of("FromClaim", value="a"), of("FromClaim", value="b")) == {"is": "b"}


def test_the_claim_wins_over_the_class_whatever_their_order() -> None:
    of_class, of_claim = of("FromClass", value="class"), of("FromClaim", value="claim")

    assert choose(of_class, of_claim) == choose(of_claim, of_class) == {"is": "claim"}


def test_the_class_applies_where_the_claim_says_nothing() -> None:
    of_class, of_claim = of("FromClass", value="class"), of("FromClaim", "other", value="claim")

    assert choose(of_class, of_claim) == {"is": "class"}


def test_an_overridden_configuration_must_be_valid_as_well() -> None:
    valid = Configuration("FromClaim", (), config())
    invalid = Configuration("FromClass", (), {"kind": "Nonsense"})

    with pytest.raises(Refusal, match="request 'req'"):
        Scope(parse).settings([invalid, valid], "req")


def test_an_invalid_configuration_for_another_request_does_no_harm() -> None:
    invalid = Configuration("FromClaim", ("other",), {"kind": "Nonsense"})

    assert Scope(parse).settings([invalid], "req") == EXCLUSIVE

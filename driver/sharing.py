"""Opaque configuration: how the containers of a claim share its devices.

    apiVersion: gpu.drawplate.dev/v1alpha1
    kind: GpuConfig
    sharing:
      strategy: TimeSlicing                    # or Partitioned
      timeSlicing: {interval: Default}         # Default, Short, Medium or Long
      partitioned: {maxClients: 4, memoryPercent: 50}

It is the input of whoever may create a claim: everything that is not known is refused.
"""

import json
from collections.abc import Mapping
from typing import Any

from drawplate.driver.prepared import Refusal

API_VERSION = "gpu.drawplate.dev/v1alpha1"
KIND = "GpuConfig"

# resource.k8s.io/v1 OpaqueParametersMaxLength: 10 KiB.
MAX_BYTES = 10 * 1024

INTERVALS = ("Default", "Short", "Medium", "Long")
MAX_CLIENTS = 64
MAX_PERCENT = 100

# What an error shows of a value; it may be someone's 10 KiB.
_SHOWN = 80

# Observable without any configuration.
EXCLUSIVE: Mapping[str, str] = {"SHARING": "Exclusive"}


def parse(parameters: Any) -> Mapping[str, str]:
    """Give the effects of one configuration, by the end of the environment variable's name.

    Raises Refusal with the place of whatever is not right.
    """
    size = len(json.dumps(parameters))
    if size > MAX_BYTES:
        raise Refusal(f"configuration has {size} bytes; {MAX_BYTES} are allowed")
    config = _mapping(parameters, "configuration", {"apiVersion", "kind", "sharing"})
    for key, wanted in (("apiVersion", API_VERSION), ("kind", KIND)):
        if config.get(key) != wanted:
            raise Refusal(f"configuration.{key} is {_show(config.get(key))}, not {wanted!r}")
    if "sharing" not in config:
        return EXCLUSIVE
    return _sharing(config["sharing"])


def refuse(parameters: Any) -> Mapping[str, str]:
    """Refuse any configuration: for families that have none. Raises Refusal."""
    raise Refusal(f"devices of this driver take no configuration, not even {_show(parameters)}")


def _sharing(data: Any) -> Mapping[str, str]:
    strategy = data.get("strategy") if isinstance(data, dict) else None
    if strategy == "TimeSlicing":
        sharing = _mapping(data, "sharing", {"strategy", "timeSlicing"})
        return _time_slicing(sharing.get("timeSlicing", {}))
    if strategy == "Partitioned":
        sharing = _mapping(data, "sharing", {"strategy", "partitioned"})
        return _partitioned(sharing.get("partitioned"))
    _mapping(data, "sharing", {"strategy", "timeSlicing", "partitioned"})
    raise Refusal(f"sharing.strategy is {_show(strategy)}, not 'TimeSlicing' or 'Partitioned'")


def _time_slicing(data: Any) -> Mapping[str, str]:
    interval = _mapping(data, "sharing.timeSlicing", {"interval"}).get("interval", "Default")
    if interval not in INTERVALS:
        raise Refusal(
            f"sharing.timeSlicing.interval is {_show(interval)}, not one of {', '.join(INTERVALS)}"
        )
    return {"SHARING": "TimeSlicing", "INTERVAL": interval}


def _partitioned(data: Any) -> Mapping[str, str]:
    where = "sharing.partitioned"
    settings = _mapping(data, where, {"maxClients", "memoryPercent"})
    clients = _number(settings.get("maxClients"), f"{where}.maxClients", MAX_CLIENTS)
    effects = {"SHARING": "Partitioned", "MAX_CLIENTS": str(clients)}
    if "memoryPercent" in settings:
        percent = _number(settings["memoryPercent"], f"{where}.memoryPercent", MAX_PERCENT)
        effects["MEMORY_PERCENT"] = str(percent)
    return effects


def _mapping(data: Any, where: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise Refusal(f"{where} is {_show(data)}, not an object")
    for key in data:
        if key not in known:
            raise Refusal(
                f"{where} has the unknown field {_show(key)}; known: {', '.join(sorted(known))}"
            )
    return data


def _number(value: Any, where: str, highest: int) -> int:
    # True is an int to Python, not to the author of a claim.
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= highest:
        raise Refusal(f"{where} is {_show(value)}, not a whole number from 1 to {highest}")
    return value


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."

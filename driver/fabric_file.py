"""The inventory file: the pools of network-attached devices, and which nodes can use them.

    pools:
    - name: fabric-everywhere               # no nodeLabels: all nodes
      devices:
      - {name: acc-0, address: 10.90.0.1, model: Drawplate A1, memory: 85899345920}
    - name: fabric-linux
      nodeLabels: {kubernetes.io/os: linux} # the nodes that have all of them
      devices: []

YAML or JSON. Names of devices are unique over all pools; `memory` is in bytes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from drawplate.driver.attributes import MAX_VALUE, string
from drawplate.driver.device import Device, Edits
from drawplate.driver.names import is_dns_label, is_label_key, is_label_value, is_pool_name
from drawplate.emulators.problems import SetupProblem

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Addresses become environment variables.
_ADDRESS = re.compile(r"[A-Za-z0-9.:/+-]+")

# What an error shows of a value; it may be long.
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class NetworkPool:
    """Devices that the same nodes can use: those that have all `labels`; of none, all nodes."""

    name: str
    labels: Mapping[str, str]
    devices: tuple[Device, ...]


def read(path: Path) -> tuple[NetworkPool, ...]:
    """Give the pools of an inventory file. Raises SetupProblem for whatever is not right."""
    try:
        document = yaml.load(path.read_bytes(), _Loader)  # noqa: S506 - it is a safe loader
    except OSError as error:
        raise SetupProblem(
            f"cannot read the inventory: {error.strerror}",
            where=str(path),
            cure="give a file that this user may read with --inventory",
        ) from None
    # A YAML tag may name what its own constructor then refuses as a value.
    except (yaml.YAMLError, ValueError) as error:
        raise SetupProblem(
            f"the inventory is neither YAML nor JSON: {error}",
            where=str(path),
            cure="correct it, or write it anew",
        ) from None
    return _Reader(path).pools(document)


class _Reader:
    """Reads one document, and knows which names it has met."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pools: set[str] = set()
        self._devices: set[str] = set()

    def pools(self, document: Any) -> tuple[NetworkPool, ...]:
        fields = self._mapping(document, "the inventory", {"pools"})
        listed = self._list(fields["pools"], "pools")
        return tuple(self._pool(pool, f"pools[{n}]") for n, pool in enumerate(listed))

    def _pool(self, data: Any, place: str) -> NetworkPool:
        fields = self._mapping(data, place, {"name", "devices"}, {"nodeLabels"})
        name = fields["name"]
        if not isinstance(name, str) or not is_pool_name(name):
            cure = "use DNS subdomains, with '/' between them, of 253 characters at most"
            raise self._problem(place, f"{_show(name)} cannot be the name of a pool", cure)
        if name in self._pools:
            raise self._problem(place, f"the pool {name!r} stands twice", "join or rename them")
        self._pools.add(name)
        labels = self._labels(fields["nodeLabels"], place) if "nodeLabels" in fields else {}
        listed = self._list(fields["devices"], f"{place}.devices")
        devices = (self._device(one, f"{place}.devices[{n}]", name) for n, one in enumerate(listed))
        return NetworkPool(name, labels, tuple(devices))

    def _labels(self, data: Any, place: str) -> Mapping[str, str]:
        where = f"{place}.nodeLabels"
        # No labels would be all nodes to one reader, and none to another.
        if not isinstance(data, dict) or not data:
            cure = "map keys to values, or leave nodeLabels out for all nodes"
            raise self._problem(where, f"{_show(data)} is no mapping of labels", cure)
        for key, value in data.items():
            good = isinstance(key, str) and isinstance(value, str)
            if not good or not is_label_key(key) or not is_label_value(value):
                cure = "write a key and a value as Nodes have them, with quotes around true or 1"
                raise self._problem(where, f"{_show(key)}: {_show(value)} is not a label", cure)
        return data

    def _device(self, data: Any, place: str, pool: str) -> Device:
        fields = self._mapping(data, place, {"name", "address", "model", "memory"})
        name = fields["name"]
        if not isinstance(name, str) or not is_dns_label(name):
            cure = "use lower-case letters, digits and '-', 63 characters at most"
            raise self._problem(place, f"{_show(name)} cannot be the name of a device", cure)
        if name in self._devices:
            cure = "names are unique over all pools: rename one"
            raise self._problem(place, f"the device {name!r} stands twice", cure)
        self._devices.add(name)
        address, model = (self._text(fields[key], f"{place}.{key}") for key in ("address", "model"))
        if not _ADDRESS.fullmatch(address):
            cure = "use an IP address, a host name, or a URL without a query"
            raise self._problem(f"{place}.address", f"{address!r} is not an address", cure)
        memory = fields["memory"]
        # True is an int to Python, not to the author of a file.
        if not isinstance(memory, int) or isinstance(memory, bool) or not 0 < memory < 2**63:
            cure = "give the bytes as a whole number"
            raise self._problem(f"{place}.memory", f"{_show(memory)} is no size", cure)
        return _describe(pool, name, address, model, memory)

    def _mapping(
        self,
        data: Any,
        place: str,
        needed: set[str],
        optional: frozenset[str] | set[str] = frozenset(),
    ) -> Mapping[str, Any]:
        names = ", ".join(sorted(needed))
        if not isinstance(data, dict):
            raise self._problem(place, f"{_show(data)} is no mapping", f"give one of {names}")
        for key in needed - data.keys():
            raise self._problem(place, f"there is no {key!r}", f"give all of {names}")
        for key in data.keys() - needed - optional:
            known = ", ".join(sorted(needed | optional))
            raise self._problem(place, f"{_show(key)} is not known here", f"known are: {known}")
        return data

    def _list(self, data: Any, place: str) -> list[Any]:
        if not isinstance(data, list):
            raise self._problem(place, f"{_show(data)} is no list", "give a list; it may be empty")
        return data

    def _text(self, data: Any, place: str) -> str:
        if not isinstance(data, str) or not 0 < len(data) <= MAX_VALUE:
            cure = f"give a text of 1 to {MAX_VALUE} characters"
            raise self._problem(place, f"{_show(data)} is no such text", cure)
        return data

    def _problem(self, place: str, what: str, cure: str) -> SetupProblem:
        return SetupProblem(
            f"the inventory is not right: {what}", where=f"{self._path}: {place}", cure=cure
        )


def _describe(pool: str, name: str, address: str, model: str, memory: int) -> Device:
    return Device(
        name=name,
        attributes={"address": string(address), "model": string(model)},
        capacity={"memory": memory},
        edits=Edits(
            # Names are DNS labels, so no two of them give one variable.
            variable=f"FABRIC_DEVICE_{name.replace('-', '_').upper()}",
            identity=address,
        ),
        pool=pool,
    )


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."

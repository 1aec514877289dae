"""Stand-ins for what the driver's parts are tested without: the API server, and whole claims."""

import queue
import threading
import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from drawplate.driver.api import ApiError, Json
from drawplate.driver.device import Device, DeviceNode, Edits
from drawplate.driver.prepared import ClaimName

if TYPE_CHECKING:
    from pathlib import Path

    from drawplate.emulators.problems import SetupProblem

DRIVER = "gpu.example.com"
NODE = "node-a"
SLICES = "/apis/resource.k8s.io/v1/resourceslices"


class FakeFamily:
    """Eight devices; `present` are those that work now, `problem` is why they cannot be read."""

    def __init__(self) -> None:
        self.all = tuple(make_device(number) for number in range(8))
        self.present = self.all
        self.problem: SetupProblem | None = None
        self.watched: list[Path] = []

    def read(self) -> tuple[Device, ...]:
        if self.problem:
            raise self.problem
        return self.present

    def is_there(self, device: Device) -> bool:
        return device in self.present


def make_device(number: int) -> Device:
    """Give a device as a family would."""
    node = DeviceNode(f"/dev/x{number}", 195, number)
    return Device(
        name=f"dev-{number}",
        attributes={"uuid": {"string": f"UUID-{number}"}},
        capacity={"memory": 80 * 2**30},
        edits=Edits(f"GPU_DEVICE_{number}", f"UUID-{number}", nodes=(node,)),
    )


class FakeApi:
    """Objects in a dictionary; `refuse` makes requests fail, `calls` tells what was asked."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str]] = []
        self.refuse: dict[str, ApiError] = {}
        self.events: queue.Queue[Json | ApiError] = queue.Queue()
        self.drop: set[str] = set()
        self._version = 0

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [call for call in self.calls if call[0] in {"create", "replace", "delete"}]

    def put(self, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Store an object as somebody else than the driver would."""
        self._version += 1
        metadata = {"uid": str(uuid.uuid4()), **document.get("metadata", {})}
        metadata["resourceVersion"] = str(self._version)
        self.objects[path] = {**document, "metadata": metadata}
        return self.objects[path]

    def get(self, path: str, *, query: Mapping[str, str] | None = None, budget: float = 0) -> Json:
        del budget
        self._note("get", path)
        if query is None:
            if path not in self.objects:
                raise ApiError(f"{path} not found", 404)
            return self.objects[path]
        selectors = [part.split("=") for part in query["fieldSelector"].split(",")]
        items = [one for key, one in self.objects.items() if key.startswith(path + "/")]
        return {"items": [one for one in items if all(_at(one, *pair) for pair in selectors)]}

    def create(self, path: str, body: Json) -> Json:
        self._note("create", path)
        name = f"{body['metadata']['generateName']}{self._version:05x}"
        metadata = {**body["metadata"], "name": name}
        return self.put(f"{path}/{name}", {**self._stored(body), "metadata": metadata})

    def replace(self, path: str, body: Json) -> Json:
        self._note("replace", path)
        stored = self.objects.get(path)
        if stored is None:
            raise ApiError(f"{path} not found", 404)
        if stored["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]:
            raise ApiError(f"{path} was changed", 409)
        return self.put(path, self._stored(body))

    def delete(self, path: str, body: Json) -> None:
        self._note("delete", path)
        stored = self.objects.get(path)
        if stored is None:
            return
        for key, wanted in body["preconditions"].items():
            if stored["metadata"][key] != wanted:
                raise ApiError(f"{path} was changed", 409)
        del self.objects[path]

    def watch(self, path: str, query: Mapping[str, str]) -> Iterator[Json]:
        del query
        self._note("watch", path)
        return self._events()

    def _events(self) -> Iterator[Json]:
        while True:
            event = self.events.get()
            if isinstance(event, ApiError):
                raise event
            yield event

    def _note(self, verb: str, path: str) -> None:
        self.calls.append((verb, path))
        for start, error in self.refuse.items():
            if f"{verb} {path}".startswith(start):
                raise error

    def _stored(self, body: Json) -> dict[str, Any]:
        """Drop the attributes that this server does not know, as behind a feature gate."""
        spec = dict(body["spec"])
        if "devices" in spec:
            spec["devices"] = [
                {
                    **device,
                    "attributes": {
                        key: value
                        for key, value in device.get("attributes", {}).items()
                        if key not in self.drop
                    },
                }
                for device in spec["devices"]
            ]
        return {**body, "spec": spec}


class WatchedApi(FakeApi):
    """Tells every watch what happens, as a server does; for several threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self._watches: list[queue.Queue[Json | None]] = []

    def put(self, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            stored = super().put(path, document)
            self._tell("MODIFIED", path, stored)
            return stored

    def get(self, path: str, *, query: Mapping[str, str] | None = None, budget: float = 0) -> Json:
        with self._lock:
            return super().get(path, query=query, budget=budget)

    def delete(self, path: str, body: Json) -> None:
        with self._lock:
            gone = self.objects.get(path)
            super().delete(path, body)
            if gone is not None:
                self._tell("DELETED", path, gone)

    def watch(self, path: str, query: Mapping[str, str]) -> Iterator[Json]:
        del query
        with self._lock:
            self._note("watch", path)
            events: queue.Queue[Json | None] = queue.Queue()
            self._watches.append(events)
            return iter(events.get, None)

    def end_watches(self) -> None:
        """End all streams, as a server does after a while."""
        with self._lock:
            for events in self._watches:
                events.put(None)
            self._watches.clear()

    def _tell(self, kind: str, path: str, stored: Json) -> None:
        if path.startswith(SLICES):
            for events in self._watches:
                events.put({"type": kind, "object": stored})


def result(device: str, request: str = "req", **more: Any) -> dict[str, Any]:
    """Give one allocation result."""
    return {"request": request, "driver": DRIVER, "pool": NODE, "device": device, **more}


def opaque(parameters: Any, *, source: str = "FromClaim", driver: str = DRIVER, **more: Any) -> Any:
    """Give one configuration of an allocation."""
    return {"source": source, "opaque": {"driver": driver, "parameters": parameters}, **more}


def allocate(
    api: FakeApi,
    *results: Mapping[str, Any],
    config: list[Any] | None = None,
    name: str = "claim-a",
    uid: str = "",
) -> ClaimName:
    """Store an allocated claim; give its name."""
    devices = {"results": list(results), "config": config or []}
    claim = ClaimName(uid or str(uuid.uuid4()), "default", name)
    path = f"/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/{name}"
    metadata = {"name": name, "uid": claim.uid}
    api.put(path, {"metadata": metadata, "status": {"allocation": {"devices": devices}}})
    return claim


def _at(document: Mapping[str, Any], path: str, wanted: str) -> bool:
    value: Any = document
    for key in path.split("."):
        value = value.get(key, {})
    return bool(value == wanted)

"""One program's conversation with the hardware over `work.sock`: JSON lines, each way.

    > {"op": "open", "device": "GPU-…", "mps": false, "share": 100, "limit_mib": null, "name": "x"}
    < {"ok": true, "client": "gpu0.1", "memory_mib": 80000}
    > {"op": "submit", "duration_ms": 50, "demand": 100, "memory_mib": 0, "after_ms": 0,
       "every_ms": 0, "count": 1, "jitter_ms": 0}
    < {"ok": true, "jobs": ["j1"]}
    < {"job": {"job": "j1", "submitted_ms": …, "finished_ms": …, "gpu_ms": …, "error": ""}}
    > {"op": "allocate", "mib": 512}    > {"op": "free", "mib": 512}
    > {"op": "devices"}    > {"op": "cancel", "job": "j1"}    > {"op": "close"}
    < {"ok": false, "error": {"cuda": 2, "name": "CUDA_ERROR_OUT_OF_MEMORY", "what": "…"}}

A `client` in a request says which of several open devices is meant; without it, the last one.
When the connection or the process ends, so does everything that it has.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from drawplate.emulators.refusals import Refused
from drawplate.emulators.state.change import CallRule
from drawplate.emulators.work.contexts import Context, Opening
from drawplate.emulators.work.partitions import partitions
from drawplate.emulators.work.peers import Peer
from drawplate.emulators.work.policies import WorkError
from drawplate.emulators.work.tasks import Task
from drawplate.emulators.work.workshop import Request, Workshop

# The surface of call rules that hold up or refuse the MPS control daemon.
MPS_SURFACE = "mps"

# The kernel and NVML cut names off, too.
_LONGEST_NAME = 255

# More jobs than that in one request are a mistake.
_MOST_JOBS = 10_000


class Session:
    """What one program asks for; `send` takes the lines for it."""

    def __init__(self, workshop: Workshop, peer: Peer, send: Callable[[bytes], None]) -> None:
        """Begin with nothing open."""
        self._workshop = workshop
        self._peer = peer
        self._send = send
        self._contexts: dict[str, Context] = {}
        self._operations: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "devices": self._devices,
            "open": self._open,
            "close": self._close,
            "allocate": self._allocate,
            "free": self._free,
            "submit": self._submit,
            "cancel": self._cancel,
            "mps": self._mps,
        }

    def answer(self, line: bytes) -> None:
        """Do what a line says, and answer."""
        try:
            request = json.loads(line)
            reply = {"ok": True, **self._operation(request["op"])(request)}
        except WorkError as error:
            reply = {"ok": False, "error": error.describe()}
        except Refused as refused:
            reply = {"ok": False, "error": WorkError("DEVICE_UNAVAILABLE", str(refused)).describe()}
        except (ValueError, TypeError, KeyError) as error:
            wrong = WorkError("INVALID_VALUE", f"the request is not right: {error}")
            reply = {"ok": False, "error": wrong.describe()}
        self._say(reply)

    def _operation(self, name: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        if name not in self._operations:
            raise WorkError("INVALID_VALUE", f"there is no operation {name!r}")
        return self._operations[name]

    def end(self) -> None:
        """Give back everything."""
        for context in list(self._contexts.values()):
            self._workshop.close(context)
        self._contexts.clear()

    def _say(self, document: Mapping[str, Any]) -> None:
        self._send(json.dumps(document, separators=(",", ":")).encode() + b"\n")

    def _tell(self, task: Task) -> None:
        self._say({"job": task.describe()})

    def _devices(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        found = [
            {"uuid": part.uuid, "device": device.name, "memory_mib": part.memory}
            for device in self._workshop.devices()
            for part in partitions(device)
            if self._peer.may_use(self._workshop.state, device, part)
        ]
        return {"devices": found}

    def _open(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request.get("device") or self._only_device()
        board, partition = self._workshop.find(name)
        if not self._peer.may_use(self._workshop.state, board.device, partition):
            raise WorkError("INVALID_DEVICE", f"this process was not given {name}")
        called = str(request.get("name") or self._peer.name)[:_LONGEST_NAME]
        opening = opening_of(self._peer.pid, called, request)
        context = self._workshop.open(partition.uuid, opening, self._tell)
        self._contexts[context.id] = context
        return {"client": context.id, "device": partition.uuid, "memory_mib": partition.memory}

    def _only_device(self) -> str:
        found = self._devices({})["devices"]
        if not found:
            raise WorkError("NO_DEVICE")
        # As in CUDA, the first one is the default.
        return str(found[0]["uuid"])

    def _context(self, request: Mapping[str, Any]) -> Context:
        name = request.get("client") or next(reversed(self._contexts), "")
        if name not in self._contexts:
            raise WorkError("INVALID_VALUE", "open a device first")
        return self._contexts[name]

    def _close(self, request: Mapping[str, Any]) -> dict[str, Any]:
        context = self._context(request)
        del self._contexts[context.id]
        self._workshop.close(context)
        return {}

    def _allocate(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self._workshop.allocate(self._context(request), _number(request, "mib", 0, 0, 2**40))
        return {}

    def _free(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self._workshop.allocate(self._context(request), -_number(request, "mib", 0, 0, 2**40))
        return {}

    def _submit(self, request: Mapping[str, Any]) -> dict[str, Any]:
        tasks = self._workshop.submit(self._context(request), request_of(request))
        return {"jobs": [task.id for task in tasks]}

    def _mps(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        """Tell an MPS control daemon whether it may start, and after how long."""
        rule = _mps_rule(self._workshop.state.call_rules)
        if rule is not None and rule.result:
            raise WorkError("DEVICE_UNAVAILABLE", "the MPS server cannot start")
        return {"delay_ms": rule.delay_ms if rule else 0}

    def _cancel(self, request: Mapping[str, Any]) -> dict[str, Any]:
        own = {task.id for one in self._contexts.values() for task in self._workshop.tasks_of(one)}
        if request["job"] not in own:
            raise WorkError("INVALID_VALUE", f"{request['job']} is no job of this program")
        return {"cancelled": self._workshop.cancel(request["job"])}


def _mps_rule(rules: Iterable[CallRule]) -> CallRule | None:
    return next((rule for rule in rules if rule.surface == MPS_SURFACE), None)


def opening_of(pid: int, name: str, data: Mapping[str, Any]) -> Opening:
    """Read how a device is to be opened. Raises WorkError."""
    limit = data.get("limit_mib")
    return Opening(
        pid=pid,
        name=name,
        mps=bool(data.get("mps", False)),
        share=_number(data, "share", 100, 1, 100),
        limit=None if limit is None else _number(data, "limit_mib", 0, 0, 2**40),
    )


def request_of(data: Mapping[str, Any]) -> Request:
    """Read what work is asked for. Raises WorkError."""
    request = Request(
        duration=float(data["duration_ms"]),
        demand=float(data.get("demand", 100)),
        memory=_number(data, "memory_mib", 0, 0, 2**40),
        after=float(data.get("after_ms", 0)),
        every=float(data.get("every_ms", 0)),
        count=_number(data, "count", 1, 1, _MOST_JOBS),
        jitter=float(data.get("jitter_ms", 0)),
    )
    times = (request.duration, request.after, request.every, request.jitter)
    if not all(0 <= one < 1e9 for one in times) or not 0 < request.demand <= 100:  # noqa: PLR2004
        raise WorkError("INVALID_VALUE", "a time or the demand is out of range")
    return request


def _number(data: Mapping[str, Any], key: str, default: int, least: int, most: int) -> int:
    value = data.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise WorkError("INVALID_VALUE", f"{key} is a whole number from {least} to {most}")
    return value

"""From a message on nvml.sock to a change of the state, and back to a reply."""

import logging
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drawplate.emulators.nvml.mutators.calls import (
    ANNOUNCE,
    MUTATORS,
    PRIVATE,
    PRIVATE_NAMES,
    Call,
    Mutator,
)
from drawplate.emulators.nvml.mutators.program_rules import ProgramRules
from drawplate.emulators.nvml.mutators.request import (
    NO_DEVICE,
    Request,
    decode,
    encode,
    parse,
    reply,
)
from drawplate.emulators.nvml.node_record import records
from drawplate.emulators.nvml.table import Function, functions
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.device import Device

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

_PRIVATE = struct.Struct("<I96s")
_PAIR = struct.Struct("<II")
_log = logging.getLogger(__name__)


class _Answered(Exception):
    """A rule says what is answered in place of acting."""

    def __init__(self, code: int) -> None:
        super().__init__(f"a rule answers {code}")
        self.code = code


class Dispatcher:
    """Answers messages, one at a time."""

    def __init__(self, state: "State") -> None:
        """Answer for the NVIDIA GPUs of `state`."""
        self._state = state
        self._rules = ProgramRules(state)
        self._numbered = {one.number: one for one in functions().values()}

    def answer(self, message: bytes, uid: int, process: int = 0) -> bytes:
        """Give the reply to a message from a process of the user `uid`; it never raises."""
        try:
            return reply(0, self._act(parse(message), uid, process))
        except Refused as refused:
            return reply(refused.reason.nvml)
        except _Answered as answered:
            return reply(answered.code)
        # Whatever a message brings about, the hardware goes on for the others.
        except Exception:  # noqa: BLE001
            _log.exception("an NVML call failed")
            return reply(Reason.UNKNOWN.nvml)

    def _act(self, request: Request, uid: int, process: int) -> bytes:
        if request.function == ANNOUNCE:
            return _PAIR.pack(*self._rules.answer(_told(request)[1], None, process))
        if request.function in PRIVATE:
            return self._act_privately(request, uid, process)
        device = self._device(request.record)
        function = self._function(request.function)
        arguments = decode(function, request.body)
        mutator = MUTATORS[function.name]
        return encode(function, self._run(mutator, function.name, device, arguments, uid))

    def _act_privately(self, request: Request, uid: int, process: int) -> bytes:
        value, uuid = _told(request)
        for device in self._state.devices(kind="nvidia-gpu"):
            if device["uuid"] != uuid:
                continue
            name = PRIVATE_NAMES[request.function]
            code, _ = self._rules.answer(name, device.name, process)
            if code:
                raise _Answered(code)
            mutator = PRIVATE[request.function]
            answers = self._run(mutator, "nvidia-smi", device, {"value": value}, uid)
            return b"".join(one.to_bytes(4, "little") for one in answers.values())
        raise Refused(Reason.NOT_FOUND, f"no GPU is called {uuid}")

    def _function(self, number: int) -> Function:
        function = self._numbered.get(number)
        if function is None:
            raise Refused(Reason.INVALID, f"there is no function {number}")
        if function.name not in MUTATORS:
            raise Refused(Reason.NOT_SUPPORTED, f"{function.name} does nothing here")
        return function

    def _device(self, record: int) -> Device | None:
        if record == NO_DEVICE:
            return None
        devices = records(self._state)
        if record >= len(devices):
            raise Refused(Reason.INVALID, f"there is no record {record}")
        device = devices[record]
        if not device.present or device["lost"]:
            raise Refused(Reason.LOST, f"{device.name} is lost")
        return device

    def _run(
        self,
        mutator: Mutator,
        name: str,
        device: Device | None,
        arguments: Mapping[str, Any],
        uid: int,
    ) -> dict[str, Any]:
        if uid and not _is_open(mutator, device):
            raise Refused(Reason.NO_PERMISSION, f"{name} needs root")
        with self._state.change(f"nvml {name}") as change:
            call = Call(change, device, arguments)
            mutator.act(call)
        return call.answers


def _told(request: Request) -> tuple[int, str]:
    value, text = _PRIVATE.unpack_from(request.body.ljust(_PRIVATE.size, b"\0"))
    return value, text.split(b"\0")[0].decode("ascii", "replace")


def _is_open(mutator: Mutator, device: Device | None) -> bool:
    if mutator.open:
        return True
    if mutator.restriction and device is not None:
        return not device[mutator.restriction]
    return False

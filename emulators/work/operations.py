"""What the control socket offers: submit work without a program, see all jobs, cancel."""

from collections.abc import Callable, Mapping
from typing import Any

from drawplate.emulators.problems import Problem
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.work.contexts import Context
from drawplate.emulators.work.gains import gains
from drawplate.emulators.work.policies import WorkError
from drawplate.emulators.work.session import opening_of, request_of
from drawplate.emulators.work.workshop import Workshop

# Work that comes from the control socket has no process; pids below are the kernel's own.
_FIRST_PID = 4_194_304

_REASONS = {
    "OUT_OF_MEMORY": Reason.MEMORY,
    "DEVICE_LOST": Reason.LOST,
    "DEVICE_UNAVAILABLE": Reason.IN_USE,
    "INVALID_DEVICE": Reason.NOT_FOUND,
    "INVALID_VALUE": Reason.INVALID,
}


class WorkOperations:
    """Operations on the work of one node."""

    def __init__(self, workshop: Workshop) -> None:
        """Work on `workshop`."""
        self._workshop = workshop
        self._tenants: dict[tuple[str, str], Context] = {}

    def table(self) -> Mapping[str, Callable[..., Any]]:
        """Give the operations by name."""
        return {
            "submit": self.submit,
            "jobs": self.jobs,
            "tenants": self.tenants,
            "cancel": self.cancel,
        }

    def sweep(self, _change: Change, _seconds: float) -> None:
        """End the tenants of the control socket that have nothing to do any more."""
        for key, context in list(self._tenants.items()):
            if not self._workshop.tasks_of(context):
                self._workshop.close(context)
                del self._tenants[key]

    def submit(
        self, device: str, duration_ms: float, tenant: str = "control", **request: Any
    ) -> dict[str, Any]:
        """Let a tenant without a process do work on a device.

        `request` is as on `work.sock`; `mps`, `share` and `limit_mib` count when it begins.
        """
        try:
            context = self._tenant(device, tenant, request)
            asked = request_of({"duration_ms": duration_ms, **request})
            tasks = self._workshop.submit(context, asked)
        except WorkError as error:
            reason = _REASONS.get(error.code, Reason.UNKNOWN)
            raise Refused(reason, f"{error.error.name}: {error}") from None
        except (TypeError, ValueError) as error:
            raise Problem(f"the work is not right: {error}", cure="see work/session.py") from None
        return {"client": context.id, "jobs": [task.id for task in tasks]}

    def jobs(self, client: str | None = None, device: str | None = None) -> list[dict[str, Any]]:
        """Give the jobs that are over, then those that run or wait; of a client or device, or all."""
        with self._workshop.state.change("work", quiet=True) as change:
            self._workshop.advance(change)
            everything = [*self._workshop.done]
            for board in self._workshop.boards:
                everything += board.tasks()
        return [
            task.describe()
            for task in everything
            if client in {None, task.client} and device in {None, task.client.rpartition(".")[0]}
        ]

    def tenants(self) -> list[dict[str, Any]]:
        """Give what each program and tenant got until now, those that ended included."""
        with self._workshop.state.change("work", quiet=True) as change:
            self._workshop.advance(change)
            return gains(self._workshop)

    def cancel(self, job: str = "", client: str = "") -> dict[str, Any]:
        """Cancel a job, or all of a client; a tenant of the control socket also ends."""
        cancelled = self._workshop.cancel(job or client)
        for key, context in list(self._tenants.items()):
            if client and client == context.id:
                self._workshop.close(context)
                del self._tenants[key]
        return {"cancelled": cancelled}

    def _tenant(self, device: str, tenant: str, request: dict[str, Any]) -> Context:
        words: dict[str, Any] = {
            key: request.pop(key) for key in ("mps", "share", "limit_mib") if key in request
        }
        context = self._tenants.get((device, tenant))
        if context is None or context.broken:
            pid = _FIRST_PID + len(self._tenants)
            opening = opening_of(pid, tenant, words)
            context = self._workshop.open(device, opening, lambda _task: None)
            self._tenants[device, tenant] = context
        return context

"""The ledger: which claim has which device on this node, in memory and in the checkpoint alike."""

import threading
from collections.abc import Callable

from drawplate.driver.checkpoint import Checkpoint, Records
from drawplate.driver.prepared import PreparedClaim, Refusal


class Ledger:
    """Records by claim UID; memory changes only after the checkpoint was written."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._lock = threading.Lock()
        self._records: dict[str, PreparedClaim] = {}

    def load(self, take_over: Callable[[], Records]) -> None:
        """Read the checkpoint; without one, start from what `take_over` finds.

        Raises SetupProblem when the checkpoint cannot be trusted.
        """
        loaded = self._checkpoint.load()
        self._records = dict(take_over() if loaded is None else loaded)

    def all(self) -> tuple[PreparedClaim, ...]:
        """Give all records."""
        with self._lock:
            return tuple(self._records.values())

    def get(self, uid: str) -> PreparedClaim | None:
        """Give the record of a claim, if it has one."""
        with self._lock:
            return self._records.get(uid)

    def enter(self, claim: PreparedClaim) -> None:
        """Record that the claim holds its devices from now on; replaces its former record.

        Raises Refusal when another claim holds one of them, OSError when the disk refuses.
        """
        uid = claim.claim.uid
        with self._lock:
            self.check_exclusive(claim)
            if self._records.get(uid) != claim:
                self._replace({**self._records, uid: claim})

    def strike(self, uid: str) -> None:
        """Forget a claim; it need not be there. Raises OSError when the disk refuses."""
        with self._lock:
            if uid in self._records:
                self._replace({key: kept for key, kept in self._records.items() if key != uid})

    def check_exclusive(self, claim: PreparedClaim) -> None:
        """Raise Refusal when another claim holds a device that this one wants for itself.

        Kubernetes may allocate a device anew before the node has unprepared the former claim.
        """
        for other in self._records.values():
            if other.claim.uid == claim.claim.uid:
                continue
            for device in claim.devices:
                if any(device.excludes(held) for held in other.devices):
                    raise Refusal(
                        f"device {device.device!r} is still prepared for claim "
                        f"{other.claim.namespace}/{other.claim.name} (UID {other.claim.uid}); "
                        "it must be unprepared first"
                    )

    def _replace(self, records: dict[str, PreparedClaim]) -> None:
        self._checkpoint.save(records)
        self._records = records

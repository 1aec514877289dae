"""Objects that a run put on an API server: changed by everybody, removed only if they are ours."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from drawplate.conformance.profile.objects import Object
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.kubeapi import ApiError, KubeApi
from drawplate.fixtures.kubeownership import Belongings
from drawplate.fixtures.waiting import NotInTime

# What the namespace controller may take to end what an earlier run left behind.
GONE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Owned:
    """One object that was not there before."""

    kind: str
    namespace: str
    name: str
    uid: str

    @property
    def title(self) -> str:
        """The object as Kind/name."""
        return f"{self.kind.rpartition('/')[2]}/{self.name}"


class AppliedObjects:
    """Applies objects, and remembers which of them it made."""

    def __init__(self, api: KubeApi) -> None:
        """Work on one API server, with an administrator's rights."""
        self._api = api
        self.owned: list[Owned] = []

    def apply(self, objects: Iterable[Object]) -> list[Object]:
        """Create or change objects by server-side apply; give them as the server has them.

        Raises SetupProblem when the server refuses one; what was made before stays owned.
        """
        return [self._apply(entry) for entry in objects]

    def remove(self, kinds: Collection[str] = ()) -> None:
        """Delete what was made here and is still the same, the last one first.

        With `kinds` ("DaemonSet"), only what is of these.
        """
        for one in self.owned[::-1]:
            if not kinds or one.title.partition("/")[0] in kinds:
                self._api.delete(one.kind, one.name, one.namespace, uid=one.uid)
                self.owned.remove(one)

    def _standing(self, kind: str, name: str, namespace: str) -> Object | None:
        """Give the object that is there; one that is being deleted must be gone first."""
        found = self._api.find(kind, name, namespace)
        if found is None or "deletionTimestamp" not in found["metadata"]:
            return found
        # Where no controller does it, a namespace is emptied and ended by this.
        Belongings(self._api, "").remove(found)
        return self._api.wait_for(kind, name, lambda left: left is None, GONE_SECONDS, namespace)

    def _apply(self, entry: Object) -> Object:
        kind = f"{entry['apiVersion']}/{entry['kind']}"
        name = entry["metadata"]["name"]
        namespace = entry["metadata"].get("namespace", "")
        try:
            before = self._standing(kind, name, namespace)
            if before and self._is_foreign(before):
                return _left_alone(before, kind, self._api)
            applied = self._api.apply(self._api.labelled(entry))
        except (ApiError, LookupError, NotInTime) as error:
            raise SetupProblem(
                f"the API server does not take {entry['kind']} {name!r}: {error}",
                where="the objects of the profile (deploy)",
                cure="correct the manifest, or use a Kubernetes version that knows it",
            ) from error
        if before is None:
            self.owned.append(Owned(kind, namespace, name, applied["metadata"]["uid"]))
        return applied

    def _is_foreign(self, found: Object) -> bool:
        """Say whether an object is somebody else's, on a cluster that is somebody else's."""
        held = found["metadata"].get("labels") or {}
        return not self._api.labels.items() <= held.items()


def _left_alone(found: Object, kind: str, api: KubeApi) -> Object:
    """Give somebody's namespace as it is; raise SetupProblem for anything that we would change."""
    if kind == "v1/Namespace":
        return found
    meta = found["metadata"]
    raise SetupProblem(
        f"{kind.rpartition('/')[2]} {meta['name']!r} is there already, and is not ours to change",
        where=api.server,
        cure="remove the driver that is installed there, or certify it on another cluster",
    )

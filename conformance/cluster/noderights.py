"""What the driver's identity on one node may do: the real one, of its pod or its process there."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from drawplate.conformance.bench.rights import FORBIDDEN, INVALID, RESOURCE_GROUP
from drawplate.conformance.bench.slice_view import Slice
from drawplate.conformance.cluster.daemonsets import owner_of
from drawplate.conformance.cluster.site import Site
from drawplate.conformance.drivers.identity import with_token
from drawplate.conformance.problems import Inconclusive
from drawplate.fixtures.kubeapi import ApiError, KubeApi
from drawplate.fixtures.kubewatch import Object

# Where a driver that runs as a process finds its credentials, as the node sees it.
KUBECONFIG = "/var/lib/drawplate/kubeconfig"
KIND = f"{RESOURCE_GROUP}/v1/ResourceSlice"
DRY = {"dryRun": "All"}
MARK = "drawplate.dev/attempt"


class NodeRights:
    """Tries to write slices with the rights of one node's driver; nothing is stored ever."""

    def __init__(self, api: KubeApi, driver: str) -> None:
        """Ask through `api`, which speaks with the identity of the driver."""
        self._api = api
        self._driver = driver

    def require_own_slices(self, node: str, slices: Sequence[Slice]) -> None:
        """Raise Inconclusive when not even the slices of its own node may be written."""
        done = self.try_all(node, slices)
        missing = {"create", "change", "delete"} - set(done)
        if missing:
            raise Inconclusive(
                f"the driver's token cannot {sorted(missing)} slices of its own node"
            )

    def try_all(self, node: str, slices: Sequence[Slice]) -> list[str]:
        """Try to create, change and delete slices of a node; give what was possible.

        Raises Inconclusive when there is no slice to try it on, or it fails for another reason
        than the lack of the right.
        """
        if not slices:
            raise Inconclusive(f"no slice is published for {node}")
        path = self._api.kinds.find("ResourceSlice", f"{RESOURCE_GROUP}/v1").path
        name = slices[0]["metadata"]["name"]
        tries = {
            "create": ("POST", path(), self._new(node)),
            "change": ("PUT", path("", name), _changed(slices[0])),
            "delete": ("DELETE", path("", name), None),
        }
        return [word for word, attempt in tries.items() if self._may(*attempt)]

    def _may(self, method: str, path: str, body: Object | None) -> bool:
        try:
            self._api.request(method, path, body, query=DRY)
        except ApiError as error:
            if error.code in {FORBIDDEN, INVALID}:
                return False
            raise Inconclusive(f"the attempt failed in another way: {error}") from error
        return True

    def _new(self, node: str) -> Object:
        pool = {"name": f"{node}-attempt", "generation": 1, "resourceSliceCount": 1}
        return {
            "apiVersion": f"{RESOURCE_GROUP}/v1",
            "kind": "ResourceSlice",
            "metadata": {"generateName": "drawplate-attempt-"},
            "spec": {"driver": self._driver, "nodeName": node, "pool": pool},
        }


@contextmanager
def own_api(site: Site) -> Iterator[KubeApi]:
    """Speak to the API server as the driver on a node does. Raises Inconclusive."""
    with tempfile.TemporaryDirectory(prefix="drawplate-token-") as folder:
        kubeconfig = site.node.path(KUBECONFIG)
        if site.profile.deploy.manifests:
            kubeconfig = Path(folder) / "kubeconfig"
            kubeconfig.touch(mode=0o600)
            token = _token_of(site.api, _pod_of(site))
            kubeconfig.write_text(with_token(site.api.kubeconfig, token), encoding="utf-8")
        api = KubeApi(kubeconfig)
        try:
            yield api
        finally:
            api.close()


def _pod_of(site: Site) -> Object:
    manifests = site.profile.deploy.manifests
    namespace = manifests.namespace if manifests else ""
    for pod in site.api.list("Pod", namespace, fields=f"spec.nodeName={site.node.name}"):
        if owner_of(pod) and "deletionTimestamp" not in pod["metadata"]:
            return pod
    raise Inconclusive(f"the driver has no pod on {site.node.name}")


def _token_of(api: KubeApi, pod: Object) -> str:
    meta = pod["metadata"]
    bound = {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"]}
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"boundObjectRef": bound},
    }
    account = pod["spec"]["serviceAccountName"]
    try:
        answer = api.post("ServiceAccount", account, "token", request, meta["namespace"])
    except ApiError as error:
        raise Inconclusive(f"no token for the driver's pod: {error}") from error
    return str(answer["status"]["token"])


def _changed(found: Slice) -> Object:
    notes = {**found["metadata"].get("annotations", {}), MARK: "true"}
    return {**found, "metadata": {**found["metadata"], "annotations": notes}}

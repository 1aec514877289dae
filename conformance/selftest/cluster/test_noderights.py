"""Attempts with the driver's own token: what counts as refused, and what proves nothing."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from drawplate.conformance.cluster.noderights import NodeRights
from drawplate.conformance.problems import Inconclusive
from drawplate.fixtures.kubeapi import ApiError
from drawplate.fixtures.kubekinds import Kind

if TYPE_CHECKING:
    from drawplate.fixtures.kubeapi import KubeApi

SLICES = "/apis/resource.k8s.io/v1/resourceslices"
SLICE = {"metadata": {"name": "one", "resourceVersion": "7"}, "spec": {"nodeName": "a"}}


class Server:
    """Answers each method with a code, and keeps what it was asked."""

    def __init__(self, **codes: int) -> None:
        self.kinds = self
        self.asked: list[tuple[str, str, Any, Any]] = []
        self._codes = codes

    def find(self, *_: str) -> Kind:
        return Kind("resource.k8s.io", "v1", "ResourceSlice", "resourceslices", namespaced=False)

    def request(self, method: str, path: str, body: Any, *, query: Any) -> None:
        self.asked.append((method, path, body, query))
        code = self._codes.get(method, 200)
        if code != 200:
            raise ApiError(method, path, code, {})


def rights(server: Server) -> NodeRights:
    return NodeRights(cast("KubeApi", server), "gpu.example.com")


def test_each_way_to_write_is_tried_and_nothing_is_stored() -> None:
    server = Server()

    assert rights(server).try_all("b", [SLICE]) == ["create", "change", "delete"]

    assert [(method, path) for method, path, *_ in server.asked] == [
        ("POST", SLICES),
        ("PUT", f"{SLICES}/one"),
        ("DELETE", f"{SLICES}/one"),
    ]
    assert {query["dryRun"] for *_, query in server.asked} == {"All"}
    (_, _, new, _), (_, _, changed, _), _ = server.asked
    assert (new["spec"]["driver"], new["spec"]["nodeName"]) == ("gpu.example.com", "b")
    assert changed["spec"] == SLICE["spec"]
    assert changed["metadata"] != SLICE["metadata"], "an update that changes nothing may be let by"


@pytest.mark.parametrize("code", [403, 422])
def test_a_refusal_for_lack_of_rights_counts(code: int) -> None:
    server = Server(POST=code, DELETE=code)

    assert rights(server).try_all("b", [SLICE]) == ["change"]


@pytest.mark.parametrize("code", [401, 409, 500])
def test_a_refusal_for_another_reason_proves_nothing(code: int) -> None:
    with pytest.raises(Inconclusive, match="in another way"):
        rights(Server(PUT=code)).try_all("b", [SLICE])


def test_without_a_slice_nothing_can_be_tried() -> None:
    with pytest.raises(Inconclusive, match="no slice"):
        rights(Server()).try_all("b", [])


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_token_that_may_not_even_write_its_own_slices_proves_nothing(method: str) -> None:
    rights(Server()).require_own_slices("a", [SLICE])

    with pytest.raises(Inconclusive, match="its own node"):
        rights(Server(**{method: 403})).require_own_slices("a", [SLICE])

"""The API in dicts, against a real kube-apiserver."""

import threading
import time
from pathlib import Path

import pytest

from drawplate.conformance.bench.node import BenchNode
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.kubeapi import ApiError, KubeApi
from drawplate.fixtures.kubeownership import RUN_LABEL, Belongings
from drawplate.fixtures.kubewatch import Selection
from drawplate.fixtures.waiting import NotInTime

pytestmark = pytest.mark.slow


def config_map(name: str, **data: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_objects_are_made_read_changed_and_deleted(node: BenchNode) -> None:
    api, space = node.api, node.namespace
    made = api.create(config_map("one", a="1"), space)
    assert api.get("ConfigMap", "one", space)["data"] == {"a": "1"}
    assert api.patch("ConfigMap", "one", {"data": {"b": "2"}}, space)["data"] == {
        "a": "1",
        "b": "2",
    }
    replaced = api.patch("ConfigMap", "one", [{"op": "remove", "path": "/data/a"}], space)
    assert replaced["data"] == {"b": "2"}
    assert api.apply(config_map("one", c="3"), space)["data"] == {"b": "2", "c": "3"}
    with pytest.raises(ApiError, match="Conflict") as caught:
        api.replace(made)
    assert caught.value.code == 409
    assert [item["kind"] for item in api.list("ConfigMap", space)] == ["ConfigMap"]
    api.delete("ConfigMap", "one", space, uid="other")
    assert api.find("ConfigMap", "one", space)
    api.delete("ConfigMap", "one", space)
    api.delete("ConfigMap", "one", space)
    assert api.find("ConfigMap", "one", space) is None
    with pytest.raises(ApiError) as missing:
        api.get("ConfigMap", "one", space)
    assert missing.value.reason == "NotFound"


def test_kinds_are_found_by_name_and_version(node: BenchNode) -> None:
    find = node.api.kinds.find
    assert find("ResourceClaim").path("ns", "x", "status") == (
        "/apis/resource.k8s.io/v1/namespaces/ns/resourceclaims/x/status"
    )
    assert find("Event").group == ""
    assert find("Event", "events.k8s.io/v1").plural == "events"
    assert not find("Node").namespaced
    with pytest.raises(LookupError, match="no kind Nonsense"):
        find("Nonsense")


def test_waiting_ends_with_the_event_not_with_the_budget(node: BenchNode) -> None:
    def later() -> None:
        time.sleep(0.3)
        node.api.create(config_map("late"), node.namespace)
        time.sleep(0.3)
        node.api.delete("ConfigMap", "late", node.namespace)

    thread = threading.Thread(target=later)
    thread.start()
    began = time.monotonic()
    found = node.api.wait_for("ConfigMap", "late", bool, 20, node.namespace)
    assert found
    gone = node.api.wait_for("ConfigMap", "late", lambda one: one is None, 20, node.namespace)
    assert gone is None
    assert time.monotonic() - began < 10
    thread.join()


def test_a_budget_that_is_over_says_what_was_there(node: BenchNode) -> None:
    node.api.create(config_map("there"), node.namespace)
    with pytest.raises(NotInTime, match=r"two maps: not within 0.3 s; seen: there"):
        node.api.wait(
            "ConfigMap", lambda maps: len(maps) == 2, 0.3, Selection(node.namespace), "two maps"
        )


def test_only_what_a_run_made_is_removed(kubeconfig: Path) -> None:
    api = KubeApi(kubeconfig)
    ours, others = Belongings(api, "mine"), Belongings(api, "theirs")
    space, foreign = ours.namespace("mine"), others.namespace("theirs")
    made = ours.create(config_map("one"), space)
    assert made["metadata"]["labels"] == {RUN_LABEL: "mine"}
    claim = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "held", "finalizers": ["resource.kubernetes.io/delete-protection"]},
        "spec": {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "none"}}]}},
    }
    api.create(claim, space)
    ours.remove_all()
    assert api.find("Namespace", space) is None
    assert api.list("ResourceClaim", space) == []
    assert api.find("Namespace", foreign)
    others.remove_namespace(foreign)
    assert api.find("Namespace", foreign) is None
    api.close()


def test_a_kubeconfig_that_is_none_is_a_set_up_problem(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("kind: Config")
    with pytest.raises(SetupProblem, match="config"):
        KubeApi(tmp_path / "config")
    with pytest.raises(SetupProblem):
        KubeApi(tmp_path / "missing")

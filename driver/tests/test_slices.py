"""Keeping slices right: against deletion, edits, strangers and a server that refuses."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from drawplate.driver.api import ApiError
from drawplate.driver.metrics import Metrics
from drawplate.driver.owner import Owner
from drawplate.driver.pace import Backoff, Pace
from drawplate.driver.pool import Pool
from drawplate.driver.slices import Publisher
from drawplate.driver.tests.fakes import DRIVER, NODE, SLICES, FakeApi

NODE_PATH = f"/api/v1/nodes/{NODE}"


class Bed:
    """A publisher with its fake server and the devices that it is to publish."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.devices: list[dict[str, Any]] = [device("one"), device("two")]
        api.put(NODE_PATH, {"metadata": {"uid": "node-uid"}})
        self.publisher = self.start()

    def start(self) -> Publisher:
        """Begin anew, as a process does."""
        pool = Pool.of_node(DRIVER, NODE)
        self.publisher = Publisher(
            lambda: self.api, pool, lambda: self.devices, Metrics(), Owner.node(NODE)
        )
        return self.publisher

    @property
    def slices(self) -> list[dict[str, Any]]:
        """What the server has."""
        return [one for path, one in self.api.objects.items() if path.startswith(SLICES)]

    @property
    def slice(self) -> dict[str, Any]:
        """The only slice that the server has."""
        (only,) = self.slices
        return only

    def edit(self, **spec: Any) -> None:
        """Change the slice as somebody else."""
        name = self.slice["metadata"]["name"]
        self.api.put(f"{SLICES}/{name}", {**self.slice, "spec": {**self.slice["spec"], **spec}})


def device(name: str) -> dict[str, Any]:
    return {"name": name, "attributes": {"a": {"int": 1}, "gated": {"int": 2}}}


def stranger(**spec: Any) -> dict[str, Any]:
    base = {
        "driver": DRIVER,
        "nodeName": NODE,
        "pool": {"name": NODE, "generation": 50, "resourceSliceCount": 1},
        "devices": [{"name": "bogus"}],
    }
    return {"metadata": {"name": "stranger"}, "spec": {**base, **spec}}


@pytest.fixture
def bed(api: FakeApi) -> Bed:
    return Bed(api)


def test_the_first_slice_has_all_that_is_needed(bed: Bed) -> None:
    bed.publisher.reconcile()

    assert bed.slice["metadata"]["generateName"] == f"00000-{DRIVER}-{NODE}-"
    assert bed.slice["metadata"]["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Node", "name": NODE, "uid": "node-uid", "controller": True}
    ]
    assert bed.slice["spec"] == {
        "driver": DRIVER,
        "nodeName": NODE,
        "pool": {"name": NODE, "generation": 1, "resourceSliceCount": 1},
        "devices": bed.devices,
    }


def test_nothing_is_written_when_nothing_changed(bed: Bed) -> None:
    bed.publisher.reconcile()
    bed.api.calls.clear()
    bed.publisher.reconcile()
    bed.start().reconcile()

    assert bed.api.writes == []


def test_a_deleted_slice_comes_back(bed: Bed) -> None:
    bed.publisher.reconcile()
    before = bed.slice
    bed.api.objects.pop(f"{SLICES}/{before['metadata']['name']}")
    bed.publisher.reconcile()

    assert bed.slice["spec"] == before["spec"]


@pytest.mark.parametrize(
    "edit",
    [
        {"devices": [{"name": "bogus"}]},
        {"devices": []},
        {"pool": {"name": NODE, "generation": 1, "resourceSliceCount": 7}},
        {"pool": {"name": NODE, "generation": 0, "resourceSliceCount": 1}},
        {"extra": True},
    ],
)
def test_an_edit_is_reverted(bed: Bed, edit: dict[str, Any]) -> None:
    bed.publisher.reconcile()
    before = bed.slice["spec"]
    bed.edit(**edit)
    bed.publisher.reconcile()

    assert bed.slice["spec"] == before


def test_a_raised_generation_is_kept(bed: Bed) -> None:
    bed.publisher.reconcile()
    bed.edit(pool={"name": NODE, "generation": 9, "resourceSliceCount": 1})
    bed.api.calls.clear()
    bed.publisher.reconcile()

    assert bed.api.writes == []
    assert bed.slice["spec"]["pool"]["generation"] == 9


def test_a_removed_owner_is_put_back(bed: Bed) -> None:
    bed.publisher.reconcile()
    name = bed.slice["metadata"]["name"]
    bed.api.put(f"{SLICES}/{name}", {**bed.slice, "metadata": {"name": name}})
    bed.publisher.reconcile()

    assert bed.slice["metadata"]["ownerReferences"]


def test_a_node_that_was_made_anew_becomes_the_owner(bed: Bed) -> None:
    bed.publisher.reconcile()
    bed.api.put(NODE_PATH, {"metadata": {"uid": "another-uid"}})
    bed.publisher.reconcile()

    assert [owner["uid"] for owner in bed.slice["metadata"]["ownerReferences"]] == ["another-uid"]


def test_without_a_node_slices_are_published_and_their_owner_follows(bed: Bed) -> None:
    node = bed.api.objects.pop(NODE_PATH)

    assert bed.publisher.reconcile() is not None
    assert "ownerReferences" not in bed.slice["metadata"]
    bed.api.objects[NODE_PATH] = node
    assert bed.publisher.reconcile() is None
    assert bed.slice["metadata"]["ownerReferences"]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"pool": {"name": "other", "generation": 1, "resourceSliceCount": 1}},
        {"nodeName": None, "allNodes": True},
        {"nodeName": "node-b"},
    ],
)
def test_strangers_in_the_pool_or_on_the_node_are_removed(bed: Bed, spec: dict[str, Any]) -> None:
    bed.publisher.reconcile()
    before = bed.slice
    bed.api.put(f"{SLICES}/stranger", stranger(**spec))
    bed.publisher.reconcile()

    assert bed.slice == before


@pytest.mark.parametrize(
    "spec",
    [
        {"driver": "other.example.com"},
        {"nodeName": "node-b", "pool": {"name": "node-b", "generation": 1}},
    ],
)
def test_slices_of_other_drivers_and_nodes_are_left_alone(bed: Bed, spec: dict[str, Any]) -> None:
    bed.api.put(f"{SLICES}/stranger", stranger(**spec))
    bed.publisher.reconcile()

    assert f"{SLICES}/stranger" in bed.api.objects


def test_a_stranger_that_may_not_be_removed_is_outbid(bed: Bed) -> None:
    bed.publisher.reconcile()
    bed.api.put(f"{SLICES}/stranger", stranger(nodeName=None, allNodes=True))
    bed.api.refuse[f"delete {SLICES}/stranger"] = ApiError("forbidden", 403)
    bed.publisher.reconcile()
    own = [one for one in bed.slices if one["metadata"]["name"] != "stranger"]

    assert [one["spec"]["pool"]["generation"] for one in own] == [51]
    bed.api.calls.clear()
    bed.publisher.reconcile()
    assert [verb for verb, _ in bed.api.writes] == ["delete"]


def test_many_devices_are_several_slices_of_one_generation(bed: Bed) -> None:
    bed.devices = [device(f"dev-{number}") for number in range(300)]
    bed.publisher.reconcile()
    bed.devices = bed.devices[1:]
    bed.publisher.reconcile()
    pools = [one["spec"]["pool"] for one in bed.slices]

    assert pools == [{"name": NODE, "generation": 2, "resourceSliceCount": 3}] * 3
    assert sum(len(one["spec"]["devices"]) for one in bed.slices) == 299


def test_a_crash_in_the_middle_of_a_publication_is_completed(bed: Bed) -> None:
    bed.devices = [device(f"dev-{number}") for number in range(300)]
    bed.publisher.reconcile()
    bed.devices = bed.devices[1:]
    second = sorted(one["metadata"]["name"] for one in bed.slices)[1]
    bed.api.refuse[f"replace {SLICES}/{second}"] = ApiError("crash")
    with pytest.raises(ApiError):
        bed.publisher.reconcile()
    bed.api.refuse.clear()
    bed.start().reconcile()

    pools = [one["spec"]["pool"] for one in bed.slices]
    assert len(pools) == 3
    assert len({pool["generation"] for pool in pools}) == 1
    names = [one["name"] for found in bed.slices for one in found["spec"]["devices"]]
    assert sorted(names) == sorted(one["name"] for one in bed.devices)


def test_fields_that_the_server_drops_do_not_make_it_write_again(bed: Bed) -> None:
    bed.api.drop = {"gated"}
    bed.publisher.reconcile()
    bed.api.calls.clear()
    bed.publisher.reconcile()

    assert bed.api.writes == []
    bed.edit(devices=[])
    bed.publisher.reconcile()
    assert len(bed.slice["spec"]["devices"]) == 2


def test_a_server_without_the_pool_selector_is_served_without_it(bed: Bed) -> None:
    get = bed.api.get

    def old_get(path: str, **more: Any) -> Any:
        if "spec.pool.name" in more.get("query", {}).get("fieldSelector", ""):
            raise ApiError("field label not supported", 400)
        return get(path, **more)

    bed.api.get = old_get  # type: ignore[method-assign] # an older server
    bed.publisher.reconcile()

    assert len(bed.publisher.selectors) == 1
    assert bed.slice["spec"]["devices"] == bed.devices


def test_own_writes_are_no_news_and_those_of_others_are(bed: Bed) -> None:
    bed.publisher.reconcile()
    own = bed.slice
    changed = {**own, "metadata": {**own["metadata"], "resourceVersion": "999"}}
    unknown = {"metadata": {"name": "unknown", "resourceVersion": "1"}}

    assert not bed.publisher.is_news({"type": "ADDED", "object": own})
    assert not bed.publisher.is_news({"type": "BOOKMARK", "object": {"metadata": {}}})
    assert bed.publisher.is_news({"type": "MODIFIED", "object": changed})
    assert bed.publisher.is_news({"type": "DELETED", "object": own})
    assert bed.publisher.is_news({"type": "ADDED", "object": unknown})


@pytest.fixture
def running(bed: Bed) -> Any:
    """Run the loops of a publisher; give a function that ends them and waits."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=bed.publisher.run, args=[stop]),
        threading.Thread(target=bed.publisher.watch, args=["selector", stop], daemon=True),
    ]
    for thread in threads:
        thread.start()
    yield bed
    stop.set()
    bed.publisher.wake()
    bed.api.events.put(ApiError("the server went away"))
    for thread in threads:
        thread.join(10)


def test_an_event_brings_a_deleted_slice_back(running: Bed, wait_for: Callable[..., None]) -> None:
    wait_for(lambda: running.slices)
    gone = running.api.objects.pop(f"{SLICES}/{running.slice['metadata']['name']}")
    running.api.events.put({"type": "DELETED", "object": gone})

    wait_for(lambda: running.slices)


def test_a_refusing_server_is_asked_again_until_it_accepts(
    running: Bed, wait_for: Callable[..., None]
) -> None:
    wait_for(lambda: running.slices)
    running.api.refuse[f"replace {SLICES}"] = ApiError("try later", 429)
    running.devices = [device("three")]
    running.publisher.wake()
    wait_for(lambda: any(verb == "replace" for verb, _ in running.api.calls))
    running.api.refuse.clear()

    wait_for(lambda: running.slice["spec"]["devices"] == running.devices)


def test_a_broken_watch_is_begun_again_and_compared(
    running: Bed, wait_for: Callable[..., None]
) -> None:
    wait_for(lambda: running.slices)
    running.edit(devices=[])
    running.api.events.put(ApiError("connection reset"))

    wait_for(lambda: running.slice["spec"].get("devices") == running.devices)


def test_a_fight_is_slowed_down() -> None:
    now = [0.0]
    pace = Pace(burst=3, seconds=5.0, clock=lambda: now[0])
    for _ in range(3):
        assert pace.delay() == 0
        pace.spend()

    assert pace.delay() == 5.0
    now[0] += 5.0
    assert pace.delay() == 0
    now[0] += 1000.0
    for _ in range(3):
        assert pace.delay() == 0
        pace.spend()
    assert pace.delay() == 5.0


def test_failures_in_a_row_wait_longer_and_longer() -> None:
    backoff = Backoff(0.5, 30.0)

    assert [backoff.fail() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    backoff.succeed()
    assert backoff.fail() == 0.5
    assert backoff.fail(at_least=7) == 7
    assert backoff.fail(at_least=3600) == 30

"""What a test may do with its lease, and what tests side by side may take for their own."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from drawplate.conformance.alone import Alone
from drawplate.conformance.bench.nodes import NodeFacts
from drawplate.conformance.cluster.driver import Driver
from drawplate.conformance.cluster.lease import Lease
from drawplate.conformance.cluster.room import room
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.cluster.tidy import is_disordered
from drawplate.conformance.problems import SuiteError
from drawplate.conformance.profile.load import load
from drawplate.conformance.profile.model import Profile

if TYPE_CHECKING:
    from drawplate.conformance.cluster.site import Site

NODE = "node-0"
ANYTHING = SimpleNamespace()


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load("reference")


def test_outside_of_a_run_all_is_the_tests() -> None:
    Lease().require("cluster", "does anything")


def test_what_others_would_feel_is_refused_with_the_mark_that_allows_it() -> None:
    lease = Lease(Alone("devices", 1))

    with pytest.raises(SuiteError, match="kills the driver") as caught:
        lease.require("driver", "kills the driver")
    assert caught.value.cure == 'mark it @alone("driver")'
    with pytest.raises(SuiteError) as caught:
        lease.require("devices", "claims all devices")
    assert caught.value.cure == 'mark it @alone(devices="all")'


def test_more_devices_than_said_are_refused() -> None:
    lease = Lease(Alone("devices", 2))
    lease.use(2)

    with pytest.raises(SuiteError, match="claims 3 devices, but said 2"):
        lease.use(1)
    Lease(Alone("devices")).use(100)


def test_lease_is_widened_once() -> None:
    asked: list[str] = []
    lease = Lease(Alone("devices", 1), widen_to_node=lambda: asked.append("node"))

    lease.widen()
    lease.widen()

    assert asked == ["node"]
    assert lease.has("driver")


@pytest.mark.parametrize("deed", ["stop", "kill", "start", "restart"])
def test_driver_cannot_be_handled_beside_others(profile: Profile, deed: str) -> None:
    unreachable: Any = ANYTHING
    driver = Driver(profile, unreachable, unreachable, unreachable, 1.0)
    driver.lease = Lease(Alone("devices", 1))

    with pytest.raises(SuiteError, match="the driver alone"):
        getattr(driver, deed)()
    with pytest.raises(SuiteError, match="the driver alone"):
        driver.pull("unplug")


def test_stage_counts_what_its_claims_may_get(profile: Profile) -> None:
    created = iter(range(100))
    api = SimpleNamespace(create=lambda wanted: _named(wanted, next(created)))
    site: Any = SimpleNamespace(
        profile=profile,
        node=SimpleNamespace(name=NODE),
        driver=None,
        api=api,
        patience=1.0,
        lease=Lease(Alone("devices", 2)),
    )
    stage = Stage(cast("Site", site), "space")

    stage.claim()
    with pytest.raises(SuiteError, match="claims all devices"):
        stage.claim("all")
    with pytest.raises(SuiteError, match="chooses a device"):
        stage.claim(selector="true")
    with pytest.raises(SuiteError, match="claims 3 devices"):
        stage.claim("one", "one")


def _named(wanted: dict[str, Any], number: int) -> dict[str, Any]:
    return wanted | {"metadata": wanted["metadata"] | {"uid": str(number)}}


class Around:
    """A site of which only what `is_disordered` looks at is there."""

    def __init__(self) -> None:
        self.alive = self.published = self.right = True
        self.company = self.named = False
        self.needs = Alone("devices", 1)

    def disordered(self) -> bool:
        deployment = SimpleNamespace(alive=self.alive)
        driver = SimpleNamespace(deployment=deployment, is_published=lambda: self.published)
        state = SimpleNamespace(is_right=lambda: self.right, names_any=lambda _uids: self.named)
        lease = Lease(self.needs, company=lambda: self.company)
        site: Any = SimpleNamespace(driver=driver, state=state, lease=lease)
        return is_disordered(cast("Site", site), ["aaa"])


def test_order_is_seen() -> None:
    assert not Around().disordered()


@pytest.mark.parametrize("what", ["alive", "published", "right"])
def test_disorder_is_seen_by_who_is_alone(what: str) -> None:
    around = Around()
    setattr(around, what, False)

    assert around.disordered()


def test_files_of_others_are_no_disorder_of_a_test_in_company() -> None:
    around = Around()
    around.company, around.right = True, False
    assert not around.disordered()

    around.named = True
    assert around.disordered()


def _slice(*entries: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "one"},
        "spec": {
            "driver": "gpu.drawplate.dev",
            "nodeName": NODE,
            "pool": {"name": NODE, "generation": 1, "resourceSliceCount": 1},
            "devices": list(entries),
        }
        | spec,
    }


CLASS = {"spec": {"selectors": [{"cel": {"expression": 'device.driver == "gpu.drawplate.dev"'}}]}}
OTHER = {"spec": {"selectors": [{"cel": {"expression": "false"}}]}}
DEVICES = [{"name": f"gpu{number}"} for number in range(4)]


def test_devices_of_the_class_are_counted(profile: Profile) -> None:
    assert room(profile, [_slice(*DEVICES)], lambda _: CLASS, NodeFacts(NODE)) == 4


@pytest.mark.parametrize(
    "published",
    [
        [],
        [_slice(*DEVICES[:3], {"name": "gpu3", "taints": [{"key": "a", "effect": "NoSchedule"}]})],
        [_slice(*DEVICES[:3], {"name": "gpu3", "allowMultipleAllocations": True})],
        [_slice(*DEVICES, nodeName="another")],
    ],
)
def test_devices_that_cannot_be_counted_one_by_one_leave_room_for_one(
    profile: Profile, published: list[dict[str, Any]]
) -> None:
    assert room(profile, published, lambda _: CLASS, NodeFacts(NODE)) == 1


def test_devices_that_the_class_leaves_out_do_not_count(profile: Profile) -> None:
    assert room(profile, [_slice(*DEVICES)], lambda _: OTHER, NodeFacts(NODE)) == 1


def test_request_that_takes_more_than_a_device_leaves_room_for_one(profile: Profile) -> None:
    (one, *others) = profile.requests
    wide = one.model_copy(update={"expect": one.expect.model_copy(update={"devices": 2})})
    changed = profile.model_copy(update={"requests": (wide, *others)})

    assert room(changed, [_slice(*DEVICES)], lambda _: CLASS, NodeFacts(NODE)) == 1

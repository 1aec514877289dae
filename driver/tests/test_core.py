"""Preparing and unpreparing: what the kubelet may repeat, a driver must survive."""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from drawplate.driver.api import ApiError
from drawplate.driver.claim_locks import ClaimLocks
from drawplate.driver.claims import Allocation
from drawplate.driver.core import Answer
from drawplate.driver.prepared import ClaimName
from drawplate.driver.tests.conftest import Node
from drawplate.driver.tests.fakes import allocate, opaque, result

TIME_SLICING = {
    "apiVersion": "gpu.drawplate.dev/v1alpha1",
    "kind": "GpuConfig",
    "sharing": {"strategy": "TimeSlicing"},
}


def prepare(node: Node, *claims: ClaimName) -> dict[str, Answer]:
    return node.core.prepare(claims, time.monotonic() + 40)


def prepare_one(node: Node, claim: ClaimName) -> Answer:
    return prepare(node, claim)[claim.uid]


def unprepare_one(node: Node, claim: ClaimName) -> Answer:
    return node.core.unprepare([claim])[claim.uid]


def devices_of(answer: Answer) -> list[str]:
    assert answer.error == ""
    return [device.device for device, _ in answer.devices]


def test_a_claim_gets_exactly_its_devices(node: Node) -> None:
    claim = allocate(node.api, *map(result, node.devices[1:3]))

    assert devices_of(prepare_one(node, claim)) == node.devices[1:3]
    assert node.ledger.get(claim.uid) is not None
    assert list(node.cdi_files) == [node.cdi.path(claim.uid).name]


def test_preparing_again_answers_the_same_and_writes_nothing(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    first = prepare_one(node, claim)
    files = _times(node)

    assert prepare_one(node, claim) == first
    assert _times(node) == files


def test_results_of_other_drivers_are_left_to_them(node: Node) -> None:
    own, other = result(node.devices[0]), result("disk-0", driver="disk.example.com")
    config = [opaque({"kind": "Theirs"}, driver="disk.example.com")]

    assert devices_of(prepare_one(node, allocate(node.api, other, own, config=config))) == [
        node.devices[0]
    ]


def test_unpreparing_frees_everything(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    prepare_one(node, claim)

    assert unprepare_one(node, claim) == Answer()
    assert node.cdi_files == {}
    assert node.checkpoint.load() == {}


def test_unpreparing_twice_or_never_prepared_succeeds(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    prepare_one(node, claim)

    assert unprepare_one(node, claim).error == ""
    assert unprepare_one(node, claim).error == ""
    assert unprepare_one(node, ClaimName("never", "default", "seen")).error == ""
    assert unprepare_one(node, ClaimName("../../etc", "default", "evil")).error == ""


def test_unpreparing_does_not_ask_the_api_server(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    prepare_one(node, claim)
    node.api.calls.clear()
    node.api.refuse["get"] = ApiError("down")

    assert unprepare_one(node, claim).error == ""
    assert node.api.calls == []


def test_unpreparing_removes_a_file_whose_record_is_lost(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    prepare_one(node, claim)
    node.ledger.strike(claim.uid)

    assert unprepare_one(node, claim).error == ""
    assert node.cdi_files == {}


def test_unpreparing_an_old_uid_leaves_the_new_claim_of_that_name(node: Node) -> None:
    old = allocate(node.api, result(node.devices[0]), uid="old")
    prepare_one(node, old)
    new = allocate(node.api, result(node.devices[1]), uid="new")
    prepare_one(node, new)
    unprepare_one(node, old)

    assert list(node.cdi_files) == [node.cdi.path("new").name]


def test_a_claim_that_was_replaced_is_refused(node: Node) -> None:
    old = allocate(node.api, result(node.devices[0]), uid="old")
    allocate(node.api, result(node.devices[0]), uid="new")

    assert "replaced" in prepare_one(node, old).error
    assert node.cdi_files == {}


def test_a_claim_that_is_not_allocated_is_refused(node: Node) -> None:
    claim = allocate(node.api)
    path = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/claim-a"
    node.api.put(path, {"metadata": {"uid": claim.uid}, "status": {}})

    assert "not allocated" in prepare_one(node, claim).error


@pytest.mark.parametrize(
    ("change", "said"),
    [({"pool": "node-b"}, "pool 'node-b'"), ({"device": "gpu-x"}, "device 'gpu-x' is not there")],
)
def test_devices_that_this_node_does_not_have_are_refused(
    node: Node, change: Mapping[str, str], said: str
) -> None:
    claim = allocate(node.api, {**result(node.devices[0]), **change})

    assert said in prepare_one(node, claim).error
    assert node.checkpoint.load() is None


@pytest.mark.parametrize("name", ["..", "a/b", "", "A"])
def test_names_that_would_lead_elsewhere_on_the_api_server_are_refused(
    node: Node, name: str
) -> None:
    assert "cannot be the name" in prepare_one(node, ClaimName("uid", "default", name)).error
    assert "cannot be the name" in prepare_one(node, ClaimName("uid", name, "claim")).error
    assert node.api.calls == []


def test_a_uid_that_could_not_be_a_file_name_is_refused(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]), uid="../../x")

    assert "not a UID" in prepare_one(node, claim).error


def test_invalid_configuration_fails_the_claim_and_leaves_nothing(node: Node) -> None:
    config = [opaque({"kind": "Nonsense"})]
    claim = allocate(node.api, *map(result, node.devices[:2]), config=config)
    answer = prepare_one(node, claim)

    assert "configuration" in answer.error
    assert answer.devices == ()
    assert node.cdi_files == {}
    assert node.checkpoint.load() is None


def test_configuration_reaches_the_devices_of_its_request_only(node: Node) -> None:
    results = [result(node.devices[0], "a/first"), result(node.devices[1], "b")]
    config = [opaque(TIME_SLICING, requests=["a"])]
    prepare_one(node, allocate(node.api, *results, config=config))
    text = "".join(node.cdi_files.values())

    assert "GPU_DEVICE_0_SHARING=TimeSlicing" in text
    assert "GPU_DEVICE_1_SHARING=Exclusive" in text


def test_a_device_of_another_claim_is_refused_until_that_is_unprepared(node: Node) -> None:
    one = allocate(node.api, result(node.devices[0]), name="one")
    two = allocate(node.api, result(node.devices[0]), name="two")
    prepare_one(node, one)

    assert "still prepared for claim default/one" in prepare_one(node, two).error
    assert node.cdi_files.keys() == {node.cdi.path(one.uid).name}
    unprepare_one(node, one)
    assert devices_of(prepare_one(node, two)) == node.devices[:1]


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ({}, {"adminAccess": True}, True),
        ({"adminAccess": True}, {}, True),
        ({"adminAccess": True}, {"adminAccess": True}, True),
        ({"shareID": "s1"}, {"shareID": "s2"}, True),
        ({"shareID": "s1"}, {"shareID": "s1"}, False),
        ({"shareID": "s1"}, {}, False),
        ({}, {"shareID": "s1"}, False),
        ({"adminAccess": False}, {"adminAccess": False}, False),
    ],
)
def test_admin_access_and_shares_go_together_and_nothing_else(
    node: Node, first: Mapping[str, Any], second: Mapping[str, Any], *, together: bool
) -> None:
    one = allocate(node.api, {**result(node.devices[0]), **first}, name="one")
    two = allocate(node.api, {**result(node.devices[0]), **second}, name="two")
    prepare_one(node, one)

    assert (prepare_one(node, two).error == "") == together


def test_unpreparing_an_admin_claim_leaves_the_owner_of_the_device(node: Node) -> None:
    one = allocate(node.api, result(node.devices[0]), name="one")
    admin = allocate(node.api, result(node.devices[0], adminAccess=True), name="admin")
    prepare(node, one)
    before = node.cdi_files
    prepare(node, admin)
    unprepare_one(node, admin)

    assert node.cdi_files == before
    assert node.ledger.get(one.uid) is not None


def test_a_new_allocation_of_the_same_claim_is_used(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]), uid="same")
    prepare_one(node, claim)
    allocate(node.api, result(node.devices[5]), uid="same")

    assert devices_of(prepare_one(node, claim)) == [node.devices[5]]
    assert node.devices[0] not in "".join(node.cdi_files.values())
    # The former device is free again.
    other = allocate(node.api, result(node.devices[0]), name="other")
    assert devices_of(prepare_one(node, other)) == node.devices[:1]


def test_a_device_that_is_gone_is_not_reported_as_prepared(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    prepare_one(node, claim)
    node.family.present = ()

    assert "is not there" in prepare_one(node, claim).error
    assert unprepare_one(node, claim).error == ""


def test_one_failing_claim_does_not_hide_the_others(node: Node) -> None:
    good = allocate(node.api, result(node.devices[0]), name="good")
    bad = allocate(node.api, result("gpu-x"), name="bad")
    answers = prepare(node, bad, good)

    assert answers.keys() == {good.uid, bad.uid}
    assert answers[bad.uid].error
    assert devices_of(answers[good.uid]) == node.devices[:1]


def test_an_error_that_nobody_foresaw_stays_with_its_claim(node: Node) -> None:
    good = allocate(node.api, result(node.devices[0]), name="good")
    bad = allocate(node.api, {"nonsense": 1}, name="bad")
    answers = prepare(node, bad, good)

    assert "KeyError" in answers[bad.uid].error
    assert answers[good.uid].error == ""


def test_an_unreachable_api_server_fails_the_claim(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    node.api.refuse["get"] = ApiError("no route to host")

    assert "no route to host" in prepare_one(node, claim).error


def test_a_call_whose_time_is_over_asks_nobody(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))

    assert "time" in node.core.prepare([claim], time.monotonic() - 1)[claim.uid].error
    assert node.api.calls == []


@pytest.mark.parametrize("damage", ["missing", "truncated", "folder"])
def test_preparing_again_mends_the_cdi_file(node: Node, damage: str) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    prepare_one(node, claim)
    whole = node.cdi_files
    _damage(node, claim, damage)
    prepare_one(node, claim)

    assert node.cdi_files == whole


@pytest.mark.parametrize("damage", ["missing", "truncated", "folder"])
def test_a_start_mends_the_cdi_files_of_prepared_claims(node: Node, damage: str) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    prepare_one(node, claim)
    whole = node.cdi_files
    _damage(node, claim, damage)
    node.start()

    assert node.cdi_files == whole


def test_a_lost_checkpoint_is_taken_over_from_the_cdi_files(node: Node) -> None:
    one = allocate(node.api, result(node.devices[0]), name="one")
    two = allocate(node.api, result(node.devices[0]), name="two")
    prepare_one(node, one)
    node.checkpoint_file.unlink()
    node.start()

    assert "still prepared" in prepare_one(node, two).error
    assert unprepare_one(node, one).error == ""
    assert devices_of(prepare_one(node, two)) == node.devices[:1]


def test_a_disk_that_refuses_the_cdi_file_leaves_no_partial_state(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    node.cdi_folder.write_text("a file where the folder should be")

    assert prepare_one(node, claim).error
    assert node.checkpoint.load() == {}
    node.cdi_folder.unlink()
    assert devices_of(prepare_one(node, claim)) == node.devices[:1]


def test_a_disk_that_refuses_the_checkpoint_leaves_no_partial_state(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    node.checkpoint_file.parent.write_text("a file where the folder should be")

    assert prepare_one(node, claim).error
    assert node.ledger.all() == ()
    assert node.cdi_files == {}


def test_what_could_not_be_freed_is_not_reported_as_freed(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    prepare_one(node, claim)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", _raise(PermissionError(13, "not permitted")))
        assert "not permitted" in unprepare_one(node, claim).error

    assert node.ledger.get(claim.uid) is not None
    assert unprepare_one(node, claim).error == ""


class Crash(BaseException):
    """The process ends here, as far as the code under test can tell."""


@pytest.mark.parametrize("step", ["ledger.enter", "cdi.write", "core.answer"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_between_any_steps_of_prepare_is_repaired(node: Node, step: str, when: str) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    _crash(node, step, when)
    with pytest.raises(Crash):
        prepare_one(node, claim)
    node.start()

    assert devices_of(prepare_one(node, claim)) == node.devices[:1]
    assert list(node.cdi_files) == [node.cdi.path(claim.uid).name]
    unprepare_one(node, claim)
    assert node.cdi_files == {}
    assert node.checkpoint.load() in ({}, None)


@pytest.mark.parametrize("step", ["ledger.enter", "cdi.write", "core.answer"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_crash_in_prepare_unprepare_alone_cleans_up(
    node: Node, step: str, when: str
) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    _crash(node, step, when)
    with pytest.raises(Crash):
        prepare_one(node, claim)
    node.start()

    assert unprepare_one(node, claim).error == ""
    assert node.cdi_files == {}
    other = allocate(node.api, result(node.devices[0]), name="other")
    assert devices_of(prepare_one(node, other)) == node.devices[:1]


@pytest.mark.parametrize("step", ["cdi.remove", "ledger.strike"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_between_any_steps_of_unprepare_is_repaired(
    node: Node, step: str, when: str
) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    prepare_one(node, claim)
    _crash(node, step, when)
    with pytest.raises(Crash):
        unprepare_one(node, claim)
    node.start()

    assert unprepare_one(node, claim).error == ""
    assert node.cdi_files == {}
    assert node.checkpoint.load() == {}


def test_a_crash_while_the_allocation_changes_is_repaired(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]), uid="same")
    prepare_one(node, claim)
    allocate(node.api, result(node.devices[1]), uid="same")
    _crash(node, "cdi.write", "before")
    with pytest.raises(Crash):
        prepare_one(node, claim)
    node.start()

    text = "".join(node.cdi_files.values())
    assert node.devices[1] in text
    assert node.devices[0] not in text


def test_calls_for_one_claim_come_one_after_another(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    busy = _count_readers(node)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: prepare_one(node, claim), range(8)))

    assert busy.most == 1
    assert len({str(answer) for answer in answers}) == 1


def test_calls_for_different_claims_run_side_by_side(node: Node) -> None:
    claims = [allocate(node.api, result(name), name=f"claim-{name}") for name in node.devices]
    together = threading.Barrier(len(claims), timeout=10)
    read = node.claims.read

    def meet(claim: ClaimName, deadline: float) -> Allocation:
        together.wait()
        return read(claim, deadline)

    node.claims.read = meet  # type: ignore[method-assign] # the seam that mutants use too
    answers = prepare(node, *claims)

    assert {answer.error for answer in answers.values()} == {""}


def test_a_stuck_claim_does_not_hold_up_another(node: Node) -> None:
    stuck = allocate(node.api, result(node.devices[0]), name="stuck")
    other = allocate(node.api, result(node.devices[1]), name="other")
    release, waiting = threading.Event(), threading.Event()
    read = node.claims.read

    def wait(claim: ClaimName, deadline: float) -> Allocation:
        if claim == stuck:
            waiting.set()
            release.wait(10)
        return read(claim, deadline)

    node.claims.read = wait  # type: ignore[method-assign] # the seam that mutants use too
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(prepare_one, node, stuck)
        waiting.wait(10)
        assert devices_of(prepare_one(node, other)) == [node.devices[1]]
        node.core.restore()
        release.set()
        assert first.result().error == ""


def test_two_claims_that_race_for_a_device_do_not_both_get_it(node: Node) -> None:
    for turn in range(20):
        claims = [allocate(node.api, result(node.devices[0]), name=f"c{turn}-{n}") for n in "ab"]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda claim: prepare_one(node, claim), claims))

        assert sorted(bool(answer.error) for answer in answers) == [False, True]
        node.core.unprepare(claims)


def test_prepare_and_unprepare_that_race_leave_all_or_nothing(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    for _ in range(30):
        with ThreadPoolExecutor(2) as pool:
            pool.submit(prepare_one, node, claim)
            pool.submit(unprepare_one, node, claim)

        assert bool(node.ledger.get(claim.uid)) == bool(node.cdi_files)


def test_restoring_does_not_bring_back_what_is_being_unprepared(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    prepare_one(node, claim)
    strike = node.ledger.strike

    def restore_first(uid: str) -> None:
        node.core.restore()
        strike(uid)

    node.ledger.strike = restore_first  # type: ignore[method-assign] # the seam of mutants
    unprepare_one(node, claim)

    assert node.cdi_files == {}


def test_many_rounds_leave_nothing_behind(node: Node) -> None:
    claim = allocate(node.api, *map(result, node.devices))
    for _ in range(50):
        assert prepare_one(node, claim).error == ""
        assert unprepare_one(node, claim).error == ""

    assert node.cdi_files == {}
    assert list(node.checkpoint_file.parent.iterdir()) == [node.checkpoint_file]
    assert node.core._locks._locks == {}


def test_locks_are_forgotten_when_nobody_wants_them() -> None:
    locks = ClaimLocks()
    with locks.hold("a"), locks.try_hold("a") as held, locks.try_hold("b") as other:
        assert (held, other) == (False, True)

    assert locks._locks == {}


def test_preparing_reads_the_claim_once_and_nothing_else(node: Node) -> None:
    claim = allocate(node.api, result(node.devices[0]))
    prepare_one(node, claim)

    assert node.api.calls == [
        ("get", "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/claim-a")
    ]


class _Busy:
    now = 0
    most = 0


def _count_readers(node: Node) -> _Busy:
    busy, guard, read = _Busy(), threading.Lock(), node.claims.read

    def count(claim: ClaimName, deadline: float) -> Allocation:
        with guard:
            busy.now += 1
            busy.most = max(busy.most, busy.now)
        try:
            return read(claim, deadline)
        finally:
            with guard:
                busy.now -= 1

    node.claims.read = count  # type: ignore[method-assign] # the seam that mutants use too
    return busy


def _times(node: Node) -> list[int]:
    files = [*node.cdi_folder.iterdir(), node.checkpoint_file]
    return [path.stat().st_ctime_ns for path in files]


def _damage(node: Node, claim: ClaimName, damage: str) -> None:
    path = node.cdi.path(claim.uid)
    if damage == "truncated":
        path.write_text(path.read_text()[:20])
    else:
        path.unlink()
    if damage == "folder":
        node.cdi_folder.rmdir()


def _crash(node: Node, step: str, when: str) -> None:
    part, _, method = step.partition(".")
    owner = getattr(node, part)
    original = getattr(owner, method)

    def crash(*arguments: Any) -> None:
        if when == "after":
            original(*arguments)
        raise Crash

    setattr(owner, method, crash)


def _raise(error: Exception) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail

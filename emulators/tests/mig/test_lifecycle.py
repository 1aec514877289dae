"""MIG as the driver lets software use it: mode, instances, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from drawplate.emulators.mig.instances import instances, mig_devices
from drawplate.emulators.mig.lifecycle import (
    activate,
    create_compute_instance,
    create_gpu_instance,
    destroy_compute_instance,
    destroy_gpu_instance,
    set_mig_mode,
)
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State

# The driver's numbers of the profiles on boards with seven compute slices.
ONE, ONE_MEDIA, ONE_WIDE, TWO, THREE, FOUR, SEVEN = 19, 20, 15, 14, 9, 5, 0


@pytest.fixture
def partitioned(state: State, hopper: Device) -> Device:
    with state.change() as change:
        set_mig_mode(change, hopper, 1)
    return hopper


@pytest.fixture
def make(state: State, partitioned: Device) -> Callable[..., int]:
    def make(profile: int, place: tuple[int, int] | None = None) -> int:
        with state.change() as change:
            return create_gpu_instance(change, partitioned, profile, place).gi

    return make


def reason_of(state: State, verb: Callable[..., Any], *arguments: Any) -> Reason:
    with pytest.raises(Refused) as caught, state.change() as change:
        verb(change, *arguments)
    return caught.value.reason


def test_hopper_enters_mig_mode_at_once(state: State, hopper: Device) -> None:
    with state.change() as change:
        assert set_mig_mode(change, hopper, 1) is None

    assert (hopper["mig.mode"], hopper["mig.pending"]) == (1, 1)


def test_hopper_in_use_stays_as_it_is_until_it_is_idle(state: State, hopper: Device) -> None:
    with state.change() as change:
        change.set(hopper, "processes", [{"pid": 1}])
        assert set_mig_mode(change, hopper, 1) is Reason.IN_USE

    assert (hopper["mig.mode"], hopper["mig.pending"]) == (0, 1)


def test_ampere_enters_mig_mode_with_the_reset(state: State, ampere: Device) -> None:
    with state.change() as change:
        assert set_mig_mode(change, ampere, 1) is Reason.RESET_REQUIRED
    assert (ampere["mig.mode"], ampere["mig.pending"]) == (0, 1)

    with state.change() as change:
        activate(change, ampere)
    assert (ampere["mig.mode"], ampere["mig.pending"]) == (1, 1)


def test_a_pending_mode_can_be_taken_back(state: State, ampere: Device) -> None:
    with state.change() as change:
        set_mig_mode(change, ampere, 1)
        assert set_mig_mode(change, ampere, 0) is None

    assert ampere["mig.pending"] == 0


def test_leaving_mig_mode_ends_the_instances(
    state: State, partitioned: Device, make: Callable[..., int]
) -> None:
    make(THREE)
    with state.change() as change:
        set_mig_mode(change, partitioned, 0)

    assert instances(partitioned) == ()


def test_what_has_no_mig_refuses_it(state: State, unpartitionable: Device) -> None:
    assert reason_of(state, set_mig_mode, unpartitionable, 1) is Reason.NOT_SUPPORTED


def test_outside_mig_mode_there_are_no_instances(state: State, hopper: Device) -> None:
    assert reason_of(state, create_gpu_instance, hopper, ONE) is Reason.NOT_SUPPORTED


def test_the_driver_chooses_places_and_ids_as_on_a_real_board(make: Callable[..., int]) -> None:
    # NVIDIA MIG User Guide: seven times 1g.5gb gives these ids in this order.
    assert [make(ONE) for _ in range(7)] == [13, 11, 12, 7, 8, 9, 10]


def test_a_mixed_board_has_the_places_of_a_real_one(
    partitioned: Device, make: Callable[..., int]
) -> None:
    # NVIDIA MIG User Guide: 1g, 2g and 4g.
    assert [make(ONE), make(TWO), make(FOUR)] == [13, 5, 1]
    assert {one.gi: (one.start, one.size) for one in instances(partitioned)} == {
        13: (6, 1),
        5: (4, 2),
        1: (0, 4),
    }


@pytest.mark.parametrize(
    ("place", "reason"),
    [((4, 4), Reason.NO_CAPACITY), ((2, 4), Reason.INVALID), ((0, 3), Reason.INVALID)],
)
def test_a_place_must_be_free_and_possible(
    state: State,
    partitioned: Device,
    make: Callable[..., int],
    place: tuple[int, int],
    reason: Reason,
) -> None:
    make(ONE, (5, 1))

    assert reason_of(state, create_gpu_instance, partitioned, THREE, place) is reason


@pytest.mark.parametrize("profile", [ONE, ONE_MEDIA, ONE_WIDE, TWO, THREE, FOUR, SEVEN])
def test_a_full_board_has_no_room(
    state: State, partitioned: Device, make: Callable[..., int], profile: int
) -> None:
    make(SEVEN)

    assert reason_of(state, create_gpu_instance, partitioned, profile) is Reason.NO_CAPACITY


def test_one_instance_alone_has_the_media_extensions(
    state: State, partitioned: Device, make: Callable[..., int]
) -> None:
    make(ONE_MEDIA)

    assert reason_of(state, create_gpu_instance, partitioned, ONE_MEDIA) is Reason.NO_CAPACITY
    assert make(ONE)


def test_an_unknown_profile_is_an_invalid_argument(state: State, partitioned: Device) -> None:
    assert reason_of(state, create_gpu_instance, partitioned, 1234) is Reason.INVALID


def test_a_gpu_instance_outlives_its_compute_instances(
    state: State, partitioned: Device, make: Callable[..., int]
) -> None:
    gi = make(THREE)
    with state.change() as change:
        ci = create_compute_instance(change, partitioned, gi, 2).ci

    assert reason_of(state, destroy_gpu_instance, partitioned, gi) is Reason.IN_USE
    with state.change() as change:
        destroy_compute_instance(change, partitioned, gi, ci)
        destroy_gpu_instance(change, partitioned, gi)
    assert instances(partitioned) == ()


@pytest.mark.parametrize("verb", ["gi", "ci"])
def test_what_a_process_is_in_stays(
    state: State, partitioned: Device, make: Callable[..., int], verb: str
) -> None:
    gi = make(THREE)
    with state.change() as change:
        if verb == "ci":
            create_compute_instance(change, partitioned, gi, 2)
        change.set(partitioned, "processes", [{"pid": 7, "gi": gi, "ci": 0}])

    wanted = (partitioned, gi, 0) if verb == "ci" else (partitioned, gi)
    destroy = destroy_compute_instance if verb == "ci" else destroy_gpu_instance
    assert reason_of(state, destroy, *wanted) is Reason.IN_USE


def test_a_gpu_instance_is_shared_by_several_compute_instances(
    state: State, partitioned: Device, make: Callable[..., int]
) -> None:
    gi = make(THREE)
    with state.change() as change:
        made = [create_compute_instance(change, partitioned, gi, profile) for profile in (0, 1)]

    assert [(one.ci, one.start, one.size) for one in made] == [(0, 0, 1), (1, 1, 2)]
    assert [one.name for one in mig_devices(partitioned)] == ["1c.3g.40gb", "2c.3g.40gb"]
    assert reason_of(state, create_compute_instance, partitioned, gi, 0) is Reason.NO_CAPACITY


@pytest.mark.parametrize(("profile", "reason"), [(3, "NOT_SUPPORTED"), (9, "INVALID")])
def test_a_gpu_instance_offers_its_own_compute_profiles(
    state: State, partitioned: Device, make: Callable[..., int], profile: int, reason: str
) -> None:
    gi = make(THREE)

    found = reason_of(state, create_compute_instance, partitioned, gi, profile)
    assert found is Reason[reason]


def test_a_mig_device_made_again_has_the_same_uuid(
    state: State, partitioned: Device, make: Callable[..., int]
) -> None:
    def uuids() -> list[str]:
        return [one.compute.uuid for one in mig_devices(partitioned)]

    gi = make(THREE)
    with state.change() as change:
        create_compute_instance(change, partitioned, gi, 2)
    first = uuids()
    with state.change() as change:
        destroy_compute_instance(change, partitioned, gi, 0)
        create_compute_instance(change, partitioned, gi, 2)

    assert uuids() == first
    assert first[0].startswith("MIG-")


@pytest.mark.parametrize("verb", [destroy_gpu_instance, destroy_compute_instance])
def test_what_is_not_there_is_not_found(
    state: State, partitioned: Device, verb: Callable[[Change, Device, int, int], None]
) -> None:
    arguments = (3, 0) if verb is destroy_compute_instance else (3,)

    assert reason_of(state, verb, partitioned, *arguments) is Reason.NOT_FOUND

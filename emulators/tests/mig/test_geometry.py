"""Geometries: what is written of each board holds together."""

import pytest

from drawplate.emulators.mig.geometry import Geometry, geometries, geometry
from drawplate.emulators.mig.instances import instance_id
from drawplate.emulators.mig.minors import GPU_INSTANCES
from drawplate.emulators.mig.room import remaining


@pytest.fixture(params=sorted(geometries()))
def board(request: pytest.FixtureRequest) -> Geometry:
    return geometry(request.param)


def test_an_empty_board_has_room_for_as_many_as_the_profile_says(board: Geometry) -> None:
    for profile in board.profiles:
        assert remaining(board, (), profile) == profile.most, profile.name


def test_one_compute_instance_can_have_the_whole_gpu_instance(board: Geometry) -> None:
    for profile in board.profiles:
        whole = [one for one in profile.compute if one.slices == profile.slices]
        assert [one.sms for one in whole] == [profile.sms], profile.name


def test_memory_is_never_more_than_its_share_of_the_board(board: Geometry) -> None:
    whole = max(board.profiles, key=lambda one: one.size)
    for profile in board.profiles:
        share = profile.size / board.memory_slices
        # The parts together may have slightly less than the board, never more.
        assert profile.memory_mib <= whole.memory_mib * share * 1.02, profile.name


def test_ids_fit_the_minor_numbers(board: Geometry) -> None:
    for profile in board.profiles:
        for start in profile.starts:
            assert 0 <= instance_id(board, start, profile.size) < GPU_INSTANCES


def test_names_have_the_slices_that_the_profile_has(board: Geometry) -> None:
    for profile in board.profiles:
        assert profile.name.startswith(f"{profile.slices}g.")
        for compute in profile.compute:
            name = profile.compute_name(compute)
            whole = compute.slices == profile.slices
            assert name == (profile.name if whole else f"{compute.slices}c.{profile.name}")

"""No sequence of operations makes partitions overlap, or loses a part of the board."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from drawplate.emulators.mig.geometry import geometries, geometry
from drawplate.emulators.mig.instances import instance_id, instances
from drawplate.emulators.mig.lifecycle import (
    activate,
    create_compute_instance,
    create_gpu_instance,
    destroy_compute_instance,
    destroy_gpu_instance,
    set_mig_mode,
)
from drawplate.emulators.mig.room import remaining
from drawplate.emulators.refusals import Refused
from drawplate.emulators.tests.mig.conftest import make_state

_SMALL = st.integers(0, 8)


class AnySequence(RuleBasedStateMachine):
    """A board, and software that asks it for anything."""

    @initialize(name=st.sampled_from(sorted(geometries())))
    def power_on(self, name: str) -> None:
        self.geometry = geometry(name)
        self.state = make_state(name)
        self.device = self.state.device("gpu0")
        with self.state.change() as change:
            set_mig_mode(change, self.device, 1)
            activate(change, self.device)

    @rule(choice=st.integers(0, 20), start=st.none() | _SMALL)
    def create(self, choice: int, start: int | None) -> None:
        profile = self.geometry.profiles[choice % len(self.geometry.profiles)]
        room = remaining(self.geometry, instances(self.device), profile)
        try:
            with self.state.change() as change:
                place = None if start is None else (start, profile.size)
                create_gpu_instance(change, self.device, profile.id, place)
        except Refused:
            assert room == 0 or start is not None
        else:
            assert room > 0

    @rule(choice=_SMALL, profile=_SMALL, start=st.none() | _SMALL)
    def create_compute(self, choice: int, profile: int, start: int | None) -> None:
        there = instances(self.device)
        gi = there[choice % len(there)].gi if there else 0
        try:
            with self.state.change() as change:
                place = None if start is None else (start, 1)
                create_compute_instance(change, self.device, gi, profile, place)
        except Refused:
            pass

    @rule(gi=st.integers(0, 14), ci=st.none() | _SMALL)
    def destroy(self, gi: int, ci: int | None) -> None:
        try:
            with self.state.change() as change:
                if ci is None:
                    destroy_gpu_instance(change, self.device, gi)
                else:
                    destroy_compute_instance(change, self.device, gi, ci)
        except Refused:
            pass

    @rule()
    def reset(self) -> None:
        with self.state.change() as change:
            activate(change, self.device)

    @invariant()
    def nothing_overlaps(self) -> None:
        there = instances(self.device)
        slots = [slot for one in there for slot in range(one.start, one.start + one.size)]
        assert len(set(slots)) == len(slots)
        assert set(slots) <= set(range(self.geometry.memory_slices))
        assert len({one.gi for one in there}) == len(there)
        for one in there:
            inside = [s for it in one.compute for s in range(it.start, it.start + it.size)]
            assert len(set(inside)) == len(inside)
            assert len({it.ci for it in one.compute}) == len(one.compute)
            assert one.gi == instance_id(self.geometry, one.start, one.size)

    @invariant()
    def an_emptied_board_is_whole(self) -> None:
        whole = max(self.geometry.profiles, key=lambda one: one.size)
        room = remaining(self.geometry, instances(self.device), whole)
        assert room == (0 if instances(self.device) else 1)


AnySequence.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAnySequence = AnySequence.TestCase

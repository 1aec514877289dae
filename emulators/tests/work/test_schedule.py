"""The schedule keeps its rules for any work: time is conserved, slices and shares are kept."""

import itertools
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from drawplate.emulators.work.rates import WHOLE, divide
from drawplate.emulators.work.schedule import Member, Schedule
from drawplate.emulators.work.tasks import MILLISECOND, Span, Task

Work = list[tuple[int, int, int, int]]

# Client, arrival (µs), duration (µs), demand.
works: st.SearchStrategy[Work] = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, 30_000), st.integers(1, 20_000), st.integers(1, WHOLE)
    ),
    max_size=12,
)
shares = st.lists(st.integers(1, WHOLE), min_size=4, max_size=4)


def plan(
    work: Work, *, mps: bool = False, share: list[int] | None = None, switch: int = 0
) -> tuple[Schedule, list[Task]]:
    schedule = Schedule(switch=switch)
    tasks = []
    for number, (client, arrives, duration, demand) in enumerate(work):
        name = f"c{client}"
        task = Task(f"j{number}", name, arrives * 1000, duration * 1000, demand)
        member = Member(name, "mps" if mps else name, share[client] if share else WHOLE)
        schedule.submit(member, task)
        tasks.append(task)
    return schedule, tasks


def run(schedule: Schedule, until: int = 3600 * 1000 * MILLISECOND) -> list[Span]:
    spans: list[Span] = []
    while schedule.tasks() and schedule.now < until:
        spans += schedule.advance(schedule.now + 500 * MILLISECOND)[0]
    return spans


@settings(deadline=None)
@given(work=works, mps=st.booleans(), switch=st.integers(0, 100_000))
def test_every_task_gets_exactly_what_it_asked_for(work: Work, *, mps: bool, switch: int) -> None:
    schedule, tasks = plan(work, mps=mps, switch=switch)
    run(schedule)
    for task in tasks:
        assert task.got == task.duration * task.demand
        assert task.started is not None
        assert task.finished is not None
        assert task.arrives <= task.started <= task.finished
        assert task.finished - task.started >= task.duration


@settings(deadline=None)
@given(work=works, mps=st.booleans(), switch=st.integers(0, 100_000))
def test_spans_follow_each_other_and_never_exceed_the_device(
    work: Work, *, mps: bool, switch: int
) -> None:
    schedule, tasks = plan(work, mps=mps, switch=switch)
    spans = run(schedule)
    for before, after in itertools.pairwise(spans):
        assert before.end <= after.start
    assert all(sum(rate for _, rate in span.rates) <= WHOLE for span in spans)
    done = sum(task.got for task in tasks)
    # What the last thousandths of a nanosecond of each task leave unused.
    offered = sum((s.end - s.start) * rate for s in spans for _, rate in s.rates)
    assert done <= offered <= done + WHOLE * len(tasks)


@settings(deadline=None)
@given(works)
def test_the_device_is_never_idle_while_somebody_waits(work: Work) -> None:
    schedule, tasks = plan(work)
    busy = sum(span.end - span.start for span in run(schedule))
    end = max((task.finished or 0 for task in tasks), default=0)
    idle = 0
    reached = 0
    for task in sorted(tasks, key=lambda one: one.arrives):
        idle += max(0, task.arrives - reached)
        reached = max(reached, task.finished or 0, task.arrives)
    assert busy >= end - idle - len(tasks)


@settings(deadline=None)
@given(works)
def test_nobody_runs_longer_than_a_slice_while_others_wait(work: Work) -> None:
    schedule, tasks = plan(work)
    spans = run(schedule)
    start = 0
    for number, span in enumerate(spans):
        if (
            number == 0
            or spans[number - 1].group != span.group
            or spans[number - 1].end < span.start
        ):
            start = span.start
        others = [
            task
            for task in tasks
            if task.client != span.group
            and task.arrives <= start
            and (task.finished or 0) > span.end
        ]
        if others:
            assert span.end - start <= schedule.slice


@settings(deadline=None)
@given(st.integers(2, 5), st.integers(10, 200), st.sampled_from([500_000, 2_000_000, 6_000_000]))
def test_equals_that_always_have_work_differ_by_one_slice_at_most(
    clients: int, milliseconds: int, length: int
) -> None:
    schedule = Schedule(slice=length)
    for number in range(clients):
        name = f"c{number}"
        schedule.submit(Member(name, name), Task(name, name, 0, 10_000 * MILLISECOND))
    spans, _ = schedule.advance(milliseconds * MILLISECOND)
    got: Counter[str] = Counter()
    for span in spans:
        got[span.group] += span.end - span.start
    assert sum(got.values()) == milliseconds * MILLISECOND
    assert max(got.values()) - min(got[f"c{n}"] for n in range(clients)) <= length


@settings(deadline=None)
@given(works, shares)
def test_behind_mps_nobody_gets_more_than_the_active_thread_percentage(
    work: Work, share: list[int]
) -> None:
    schedule, _ = plan(work, mps=True, share=share)
    for span in run(schedule):
        assert all(rate <= share[int(client[1:])] for client, rate in span.rates)


@settings(deadline=None)
@given(work=works, mps=st.booleans(), cuts=st.lists(st.integers(1, 5_000_000), max_size=20))
def test_the_schedule_does_not_depend_on_how_time_is_cut(
    work: Work, *, mps: bool, cuts: list[int]
) -> None:
    whole, once = plan(work, mps=mps, switch=30_000)
    pieces, cut = plan(work, mps=mps, switch=30_000)
    for step in cuts:
        pieces.advance(pieces.now + step)
    end = max(pieces.now, 10_000 * MILLISECOND)
    whole.advance(end)
    pieces.advance(end)
    assert [t.describe() for t in once] == [t.describe() for t in cut]


@settings(deadline=None)
@given(st.integers(1, WHOLE), st.lists(st.integers(0, WHOLE), min_size=1, max_size=8))
def test_shares_are_fair_and_nothing_is_wasted(capacity: int, wanted: list[int]) -> None:
    given_ = divide(capacity, wanted)
    assert all(0 <= got <= want for got, want in zip(given_, wanted, strict=True))
    assert sum(given_) == min(capacity, sum(wanted))
    short = [got for got, want in zip(given_, wanted, strict=True) if got < want]
    # Whoever gets less than it wants has at most one thousandth less than anybody else.
    assert all(max(given_) - got <= 1 for got in short)


def test_a_short_request_waits_for_one_slice_of_a_batch_job() -> None:
    schedule = Schedule(slice=2 * MILLISECOND)
    schedule.submit(Member("batch", "batch"), Task("b", "batch", 0, 1000 * MILLISECOND))
    request = Task("r", "live", 101 * MILLISECOND, MILLISECOND)
    schedule.submit(Member("live", "live"), request)
    schedule.advance(200 * MILLISECOND)
    assert request.started == 102 * MILLISECOND
    assert request.finished == 103 * MILLISECOND


def test_a_client_that_ends_leaves_the_device_to_the_others() -> None:
    schedule = Schedule()
    kept = Task("k", "kept", 0, 10 * MILLISECOND)
    schedule.submit(Member("gone", "gone"), Task("g", "gone", 0, 10 * MILLISECOND))
    schedule.submit(Member("kept", "kept"), kept)
    schedule.advance(MILLISECOND)
    ended = schedule.end("gone", "CANCELLED")
    schedule.advance(100 * MILLISECOND)
    assert [task.error for task in ended] == ["CANCELLED"]
    assert kept.finished == 11 * MILLISECOND

"""Leases: who gets what and when. Threads stand for workers; processes are in test_site_host.py."""

import threading
from collections.abc import Mapping, Sequence
from random import Random

import pytest

from drawplate.conformance.alone import EVERYTHING, Alone, alone
from drawplate.conformance.problems import SuiteError
from drawplate.conformance.run.leases import ALL, LeaseBook, Ticket, Want
from drawplate.conformance.run.site_host import wants

NODES = ("a", "b")


class Desk:
    """A book, and in which order its requests were granted."""

    def __init__(self, **units: int) -> None:
        self.book = LeaseBook(units)
        self.order: list[str] = []
        self.choices: dict[str, int] = {}

    def ask(self, name: str, *alternatives: Want, owner: object = None) -> Ticket:
        return self.book.ask(self.ticket(name, *alternatives, owner=owner))

    def ticket(self, name: str, *alternatives: Want, owner: object = None) -> Ticket:
        def granted(_ticket: Ticket, index: int) -> None:
            self.order.append(name)
            self.choices[name] = index

        return Ticket(alternatives, granted, owner)


def test_sharers_hold_at_once_and_nobody_beside_who_has_it_alone() -> None:
    desk = Desk()
    first, second = desk.ask("first", {"node": 1}), desk.ask("second", {"node": 1})
    desk.ask("alone", {"node": ALL})

    assert desk.order == ["first", "second"]
    desk.book.give(first)
    assert desk.order == ["first", "second"]
    desk.book.give(second)
    assert desk.order == ["first", "second", "alone"]


def test_units_are_counted() -> None:
    desk = Desk(devices=3)
    first = desk.ask("two", {"devices": 2})
    desk.ask("one", {"devices": 1})
    desk.ask("another", {"devices": 1})

    assert desk.order == ["two", "one"]
    desk.book.give(first)
    assert desk.order == ["two", "one", "another"]


def test_who_wants_more_than_there_is_gets_all_of_it() -> None:
    desk = Desk(devices=1)
    desk.ask("two", {"devices": 2})
    desk.ask("one", {"devices": 1})

    assert desk.order == ["two"]


def test_nobody_who_comes_later_delays_who_waits() -> None:
    desk = Desk()
    sharer = desk.ask("sharer", {"node": 1})
    desk.ask("alone", {"node": ALL})
    desk.ask("late", {"node": 1})

    assert desk.order == ["sharer"], "the late one must not overtake"
    desk.book.give(sharer)
    assert desk.order == ["sharer", "alone"]


def test_who_needs_nothing_that_is_waited_for_goes_first() -> None:
    desk = Desk()
    desk.ask("sharer", {"node:a": 1})
    desk.ask("alone", {"node:a": ALL})
    desk.ask("elsewhere", {"node:b": ALL})

    assert desk.order == ["sharer", "elsewhere"]


def test_any_free_node_will_do() -> None:
    desk = Desk()
    desk.ask("holder", {"node:a": 1})
    desk.ask("alone", {"node:a": ALL}, {"node:b": ALL})

    assert desk.choices == {"holder": 0, "alone": 1}


def test_what_is_wanted_is_got_at_once_or_not_at_all() -> None:
    desk = Desk()
    desk.ask("node", {"node": 1})
    desk.ask("both", {"driver": ALL, "node": ALL})
    desk.ask("driver", {"driver": 1})

    assert desk.order == ["node"]
    assert [ticket.held for ticket in desk.book.holders()] == [{"node": 1}]


def test_swapped_request_comes_before_all_that_wait() -> None:
    desk = Desk()
    held, other = desk.ask("held", {"node": 1}), desk.ask("other", {"node": 1})
    desk.ask("waiting", {"node": ALL})

    desk.book.swap(held, desk.ticket("wider", {"node": ALL}))
    desk.book.give(other)

    assert desk.order == ["held", "other", "wider"]


def test_two_that_widen_take_turns() -> None:
    desk = Desk()
    one, two = desk.ask("one", {"node": 1}), desk.ask("two", {"node": 1})
    wider = desk.ticket("one wider", {"node": ALL})

    desk.book.swap(one, wider)
    desk.book.swap(two, desk.ticket("two wider", {"node": ALL}))
    assert desk.order == ["one", "two", "two wider"]
    desk.book.give(desk.book.holders()[0])

    assert desk.order[-1] == "one wider"


def test_what_a_lost_owner_held_stays_taken_until_it_is_given() -> None:
    desk = Desk()
    owner = object()
    desk.ask("lost", {"node": 1}, owner=owner)
    desk.ask("waiting", {"node": ALL})
    desk.ask("its next", {"node": 1}, owner=owner)

    (held,) = desk.book.leave(owner)

    assert desk.order == ["lost"]
    desk.book.give(held)
    assert desk.order == ["lost", "waiting"]


def test_company_is_remembered_by_both() -> None:
    desk = Desk()
    early = desk.ask("early", {"node": 1, "driver:a": 1})
    late = desk.ask("late", {"driver:a": 1})
    lonely = desk.ask("lonely", {"driver:b": 1})
    desk.book.give(late)

    assert early.company == late.company == {"driver:a"}
    assert not lonely.company
    assert not desk.book.others(early, "driver:a")


@pytest.mark.parametrize("seed", range(20))
def test_any_mix_ends_and_never_overlaps(seed: int) -> None:
    """Threads with random needs on two nodes: all are served, and what is alone is alone."""
    random = Random(seed)  # noqa: S311 - not for secrets
    book = LeaseBook({"devices:a": 3, "devices:b": 3})
    choices = [EVERYTHING, Alone("node"), Alone("driver"), Alone("devices")]
    choices += [Alone("devices", count) for count in (1, 1, 1, 2, 2)]
    overlaps: list[Mapping[str, int]] = []

    def work(needs: Sequence[Alone]) -> None:
        for need in needs:
            there = threading.Event()
            ticket = book.ask(Ticket(wants(need, NODES), lambda *_, it=there: it.set()))
            there.wait()
            held = [one.held or {} for one in book.holders()]
            overlaps.extend(_overlap(held))
            book.give(ticket)

    rounds = [random.choices(choices, k=20) for _ in range(4)]
    threads = [threading.Thread(target=work, args=(one,), daemon=True) for one in rounds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert not any(thread.is_alive() for thread in threads)
    assert not overlaps
    assert not book.holders()


def _overlap(held: Sequence[Want]) -> list[Want]:
    """Give the wants that must not be held beside the others."""
    wrong = []
    for one in held:
        others = [name for other in held if other is not one for name in other]
        if any(units == ALL and name in others for name, units in one.items()):
            wrong.append(one)
    for node in NODES:
        if sum(max(0, one.get(f"devices:{node}", 0)) for one in held) > 3:
            wrong += held
    return wrong


def test_what_tests_say_becomes_leases() -> None:
    assert wants(EVERYTHING, NODES) == [{"cluster": ALL}]
    assert wants(Alone("node"), ["a"]) == [{"cluster": 1, "node:a": ALL}]
    assert wants(Alone("driver"), ["a"]) == [{"cluster": 1, "node:a": 1, "driver:a": ALL}]
    shared = {"cluster": 1, "node:a": 1, "driver:a": 1}
    assert wants(Alone("devices", 2), ["a"]) == [shared | {"devices:a": 2}]
    assert wants(Alone("devices"), ["a"]) == [shared | {"devices:a": ALL}]
    assert len(wants(Alone("node"), NODES)) == 2


def test_who_has_a_driver_alone_has_the_devices_that_are_common_to_nodes() -> None:
    driver = {"cluster": 1, "node:a": 1, "driver:a": ALL, "devices": ALL}
    assert wants(EVERYTHING, ["a"], common=True) == [{"cluster": ALL}]
    assert wants(Alone("driver"), ["a"], common=True) == [driver]
    (node,) = wants(Alone("node"), ["a"], common=True)
    assert node["devices"] == ALL
    one, other = wants(Alone("devices", 2), NODES, common=True)
    assert one["devices"] == other["devices"] == 2


def test_whoever_has_a_part_alone_has_those_in_it() -> None:
    assert EVERYTHING.has("cluster")
    assert Alone("node").has("driver")
    assert not Alone("driver").has("node")
    assert Alone("devices").has("devices")
    assert not Alone("devices", 1).has("devices")


@pytest.mark.parametrize("wrong", [{}, {"part": "node", "devices": 1}, {"devices": -1}])
def test_mark_that_says_nothing_or_too_much_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SuiteError):
        alone(**wrong)  # type: ignore[arg-type]


def test_mark_of_an_unknown_part_is_refused() -> None:
    with pytest.raises(SuiteError, match="kubelet"):
        alone("kubelet")  # type: ignore[arg-type]

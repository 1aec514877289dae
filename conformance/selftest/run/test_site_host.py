"""Leases among processes, and the driver that one of them has and all of them use."""

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drawplate.conformance.cluster.driver import Memory
from drawplate.conformance.cluster.site import Site
from drawplate.conformance.problems import SetupProblem, SuiteError
from drawplate.conformance.run import site_host
from drawplate.conformance.run.site_host import SiteHost
from drawplate.conformance.run.site_link import SiteLink

pytestmark = pytest.mark.slow

ROUNDS = 25


class Deployed:
    """A deployment that only remembers what was done to it."""

    alive = True

    def __init__(self) -> None:
        self.done: list[str] = []

    def kill(self) -> None:
        self.done.append("kill")

    def pull(self, lever: str) -> int:
        self.done.append(lever)
        return 7

    def start(self) -> None:
        raise SetupProblem("no such program", where="argv", cure="install it")

    def stop(self) -> None:
        raise ZeroDivisionError("a defect")


def site(name: str, *, network_attached: bool = False) -> Site:
    """Give as much of a site as a host needs."""
    profile = SimpleNamespace(capability=lambda _name: network_attached)
    driver = SimpleNamespace(deployment=Deployed(), memory=Memory())
    state = SimpleNamespace(right={"/etc/cdi/a.json": (0o644, b"{}")})
    made = SimpleNamespace(
        node=SimpleNamespace(name=name),
        profile=profile,
        driver=driver,
        state=state,
        control_plane=False,
    )
    return cast("Site", made)


class Competitor:
    """Another process that takes leases."""

    def __init__(self, host: SiteHost) -> None:
        command = [sys.executable, "-m", "drawplate.conformance.selftest.run.competitor"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.send(host.address.address, host.address.key)

    def send(self, *words: Any) -> "Competitor":
        assert self.process.stdin
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        return self

    def told(self) -> Any:
        assert self.process.stdout
        kind, answer = json.loads(self.process.stdout.readline())
        assert kind == "ok", answer
        return answer

    def do(self, *words: Any) -> Any:
        return self.send(*words).told()

    def end(self, *, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        self.process.communicate(timeout=60)


@pytest.fixture
def recovered() -> list[str]:
    return []


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, recovered: list[str]) -> Iterator[SiteHost]:
    monkeypatch.setattr(site_host, "_room", lambda _site: 3)
    monkeypatch.setattr(site_host, "_recover", lambda one: recovered.append(one.node.name))
    with SiteHost([site("a"), site("b")]) as made:
        yield made


@pytest.fixture
def compete(host: SiteHost) -> Iterator[Callable[[], Competitor]]:
    made: list[Competitor] = []

    def make() -> Competitor:
        made.append(Competitor(host))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_processes_never_have_at_once_what_one_of_them_has_alone(
    compete: Callable[[], Competitor], tmp_path: Path
) -> None:
    file = tmp_path / "race"
    needs = [("node", 0), ("driver", 0), ("devices", 1), ("devices", 2), ("cluster", 0)]
    racers = [compete().send("race", str(file), ROUNDS, *need) for need in needs]
    for racer in racers:
        racer.told()

    lines = [line.split() for line in file.read_text().splitlines()]
    assert len(lines) == 2 * ROUNDS * len(needs), "not everybody was served each time"
    inside: Counter[tuple[str, str, str]] = Counter()
    for sign, _, node, part, count in lines:
        inside[node, part, count] += 1 if sign == "+" else -1
        _check(Counter({key: number for key, number in inside.items() if number}))


def _check(inside: Counter[tuple[str, str, str]]) -> None:
    if any(part == "cluster" for _, part, _ in inside):
        assert inside.total() == 1, inside
    for name in ("a", "b"):
        here = [(part, int(count)) for node, part, count in inside.elements() if node == name]
        if any(part in {"node", "driver"} for part, _ in here):
            assert len(here) == 1, inside
        assert sum(count for _, count in here) <= 3, inside


def test_tests_that_need_a_node_alone_run_on_different_nodes(
    compete: Callable[[], Competitor],
) -> None:
    first, second = (compete().do("take", "node") for _ in range(2))

    assert {first[0], second[0]} == {"a", "b"}
    assert first[1] != second[1]


def test_a_node_of_the_control_plane_is_not_taken_alone_while_there_are_others(
    compete: Callable[[], Competitor], host: SiteHost
) -> None:
    cast("Any", host._sites["a"]).control_plane = True
    assert compete().do("take", "node")[0] == "b"
    assert compete().do("take", "driver")[0] == "a"


def test_a_control_plane_that_is_all_there_is_can_be_taken_alone(
    compete: Callable[[], Competitor], host: SiteHost
) -> None:
    for name in ("a", "b"):
        cast("Any", host._sites[name]).control_plane = True

    assert {compete().do("take", "node")[0] for _ in range(2)} == {"a", "b"}


def test_processes_are_served_in_the_order_in_which_they_asked(
    compete: Callable[[], Competitor], host: SiteHost
) -> None:
    holder, *waiting = [compete() for _ in range(4)]
    holder.do("take", "cluster")
    for number, one in enumerate(waiting, 1):
        one.send("take", "cluster")
        _await(lambda number=number: len(host._book._waiting) == number)  # type: ignore[misc]

    numbers = []
    for before, one in zip([holder, *waiting], waiting, strict=False):
        before.do("give")
        numbers.append(one.told()[1])

    assert numbers == sorted(numbers)


def test_death_of_a_holder_frees_what_it_had_after_its_node_was_put_in_order(
    compete: Callable[[], Competitor], recovered: list[str]
) -> None:
    victim, heir = compete(), compete()
    node, _ = victim.do("take", "driver")

    victim.end(kill=True)

    assert heir.do("take", "cluster")[0]
    assert recovered == [node]


def test_death_of_who_waits_holds_nobody_up(
    compete: Callable[[], Competitor], host: SiteHost, recovered: list[str]
) -> None:
    holder, victim, heir = compete(), compete(), compete()
    holder.do("take", "cluster")
    victim.send("take", "cluster")
    _await(lambda: len(host._book._waiting) == 1)
    victim.end(kill=True)
    _await(lambda: not host._book._waiting)
    heir.send("take", "node")

    holder.do("give")

    assert heir.told()
    assert recovered == []


def test_widening_waits_for_the_others_and_keeps_newcomers_off(
    compete: Callable[[], Competitor], host: SiteHost
) -> None:
    one, other, late = compete(), compete(), compete()
    node, number = one.do("take", "devices", 1)
    assert other.do("take", "devices", 1)[0] == node
    assert one.do("ask", "company", number, node)
    one.send("widen")
    _await(lambda: len(host._book._waiting) == 1)

    assert late.do("take", "devices", 1)[0] != node, "it must not join on the widened node"
    other.do("give")

    assert one.told() == [node, number]
    assert not one.do("ask", "company", number, node)


def test_driver_is_handled_through_its_owner(host: SiteHost) -> None:
    link = SiteLink(host.address)
    deployed: Any = host._sites["a"].driver.deployment

    link.ask("kill", "a")
    assert link.ask("pull", "a", "unplug") == 7
    assert link.ask("alive", "a") is True
    link.ask("note", "a", Memory(hopeless="gone"))

    assert deployed.done == ["kill", "unplug"]
    assert link.ask("recall", "a").hopeless == "gone"
    assert link.ask("recall", "b").hopeless == ""
    assert link.ask("right", "a") == {"/etc/cdi/a.json": (0o644, b"{}")}
    link.close()


def test_problems_of_the_owner_are_told_to_who_asked(host: SiteHost) -> None:
    link = SiteLink(host.address)

    with pytest.raises(SetupProblem) as caught:
        link.ask("start", "a")
    assert (caught.value.what, caught.value.where) == ("no such program", "argv")
    with pytest.raises(SuiteError, match="a defect"):
        link.ask("stop", "a")
    with pytest.raises(SuiteError, match="nobody serves"):
        link.ask("remove", "a")
    link.close()


def test_host_that_has_gone_is_an_error_of_the_suite(host: SiteHost) -> None:
    host.close()

    with pytest.raises(SuiteError, match="is gone"):
        SiteLink(host.address)


def _await(holds: Callable[[], bool]) -> None:
    """Wait for what another process does, of which this one hears nothing."""
    tick = threading.Event()
    for _ in range(6000):
        if holds():
            return
        tick.wait(0.01)
    raise AssertionError("it does not come about")

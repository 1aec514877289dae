"""`drawplate hw` on a node that is up: what it prints, and which exit code it leaves with."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drawplate.conformance.cli.hw_target import find_control, find_controls
from drawplate.conformance.cli.main import main
from drawplate.emulators.problems import SetupProblem

NODE = f"cli-{os.getpid()}"
# What is looked at here needs no interface of the hardware.
WITHOUT = "--without=nvml,mig,smi,nic,tpu,devices,tree,delivery"

Hw = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module", autouse=True)
def node() -> Iterator[str]:
    """Give the name of a node that is up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DRAWPLATE_HW", raising=False)
        assert main(["hw", "up", NODE, "--machine", "dgx-h100", WITHOUT]) == 0
        yield NODE
        assert main(["hw", "down", NODE]) == 0


@pytest.fixture
def hw(capsys: pytest.CaptureFixture[str]) -> Hw:
    """Give a function that runs `drawplate hw` on the node: exit code, output, errors."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["hw", *words, "--on", NODE])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_devices_are_listed_in_their_order(hw: Hw) -> None:
    _, out, _ = hw("ls")

    titles, *rows = out.splitlines()
    assert titles.split()[:2] == ["device", "product"]
    assert [row.split()[0] for row in rows] == [f"gpu{number}" for number in range(8)]


def test_one_property_is_printed_alone(hw: Hw) -> None:
    hw("set", "gpu3", "temperature.gpu=85")

    assert hw("get", "gpu3", "temperature.gpu") == (0, "85\n", "")


def test_a_group_of_properties_is_a_table(hw: Hw) -> None:
    _, out, _ = hw("get", "gpu3", "temperature")

    names = [line.split()[0] for line in out.splitlines()]
    assert names[0] == "property"
    assert "temperature.gpu" in names
    assert all(name.startswith("temperature.") for name in names[1:])


def test_texts_need_no_quotes_even_when_they_look_like_numbers(hw: Hw) -> None:
    hw("set", "gpu3", "vbios=96")

    assert json.loads(hw("get", "gpu3", "vbios", "--json")[1]) == {"vbios": "96"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("get", "gpu99"), "not found): there is no device 'gpu99'"),
        (("get", "gpu3", "nonsense"), "there is no property 'nonsense'"),
        (("set", "gpu3", "nonsense=1"), "no property 'nonsense'"),
        (("set", "gpu3", "temperature.gpu=hot"), "is a int, which 'hot' is not"),
        (("plug", "gpu3"), "there already"),
    ],
)
def test_what_the_hardware_refuses_leaves_with_one(
    hw: Hw, words: tuple[str, ...], told: str
) -> None:
    code, out, err = hw(*words)

    assert (code, out) == (1, "")
    assert err.startswith("drawplate: refused (")
    assert told in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("set", "gpu3", "temperature.gpu"), "'temperature.gpu' says nothing"),
        (("fault", "gpu3", "no-such-fault"), "no-such-fault"),
        (("fault", "gpu3", "xid=79", "colour=red"), "colour"),
        (("apply", "no-such-scenario"), "no-such-scenario"),
    ],
)
def test_wrong_words_leave_with_three(hw: Hw, words: tuple[str, ...], told: str) -> None:
    code, out, err = hw(*words)

    assert (code, out) == (3, "")
    assert told in err
    assert "Traceback" not in err


def test_a_fault_is_shown_until_it_is_healed(hw: Hw) -> None:
    code, out, _ = hw("fault", "gpu3", "xid=79")
    assert code == 0
    assert out.startswith("ids f")

    shown = hw("faults")[1]
    assert hw("heal", "gpu3")[0] == 0

    assert "gpu3" in shown
    assert hw("faults")[1] == "nothing is broken\n"


def test_unplugging_is_seen_at_once(hw: Hw) -> None:
    _, out, _ = hw("unplug", "gpu7")
    generation = out.split()[1]
    assert hw("wait", generation)[:2] == (0, f"generation {generation}\n")

    assert hw("ls", "gpu7")[1].splitlines()[1].endswith("absent")
    assert hw("plug", "gpu7")[0] == 0


def test_a_generation_that_does_not_come_is_refused(hw: Hw) -> None:
    code, _, err = hw("wait", "999999", "--timeout", "0")

    assert code == 1
    assert "generation 999999 is not seen yet" in err


def test_a_snapshot_has_everything(hw: Hw) -> None:
    snapshot = json.loads(hw("snapshot")[1])

    assert snapshot["machine"] == "dgx-h100"
    assert {"node", "gpu0"} <= snapshot["devices"].keys()


def test_the_variable_names_the_node(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRAWPLATE_HW", str(find_control(NODE)))

    assert main(["hw", "ls", "gpu0", "--json"]) == 0
    assert [*json.loads(capsys.readouterr().out)] == ["gpu0"]


def test_a_node_that_is_not_up_is_told_with_those_that_are() -> None:
    with pytest.raises(SetupProblem, match="no emulated node 'no-such'") as caught:
        find_control("no-such")

    assert NODE in caught.value.where
    assert NODE in find_controls()


def test_a_variable_that_leads_nowhere_is_one_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("DRAWPLATE_HW", str(tmp_path / "control.sock"))

    assert main(["hw", "ls"]) == 3
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "--machine", "dgx-h100"), "there is no command"),
        (("run", "--on", NODE, "--net", "--", "true"), "--net and --node are for a new node"),
        (("run", "--machine", "x", "--on", NODE, "--", "true"), "--on names a node"),
        (("up", "--machine", "no-such"), "unknown machine 'no-such'"),
        (("status", "no-such"), "there is no node 'no-such'"),
    ],
)
def test_wrong_use_of_nodes_leaves_with_three(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    assert main(["hw", *words]) == 3
    assert told in capsys.readouterr().err

"""Whatever stands in a machine file: it is a machine, or it is told what is wrong with it."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from drawplate.emulators.machine.file import Machine
from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load, shipped
from drawplate.emulators.problems import SetupProblem

MACHINES = {name: yaml.safe_load(path.read_text()) for name, path in shipped().items()}

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["", "derived", "0000:ff:1f.7", "pci0000:ff", "cx7-400", "tpu-v7x", "nic", "1x1", "9-2"]
    ),
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=4,
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.data())
def test_a_machine_or_a_problem(data: st.DataObject) -> None:
    machine = MACHINES[data.draw(st.sampled_from(sorted(MACHINES)))]
    for _ in range(data.draw(st.integers(1, 3))):
        machine = _changed(machine, data)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "machine.yaml"
        file.write_text(yaml.safe_dump(machine, sort_keys=False))
        found = _read(file)
    if isinstance(found, SetupProblem):
        assert found.where.startswith(f"{file}:")
        assert found.cure
    else:
        # What is accepted can be placed.
        assert place(found, "node-a").node == "node-a"


@pytest.mark.parametrize(
    "text", ["", "- a", "7", "a: &x [*x]", "\x00", "? {a: b}\n: c\n", "{[a]: b}", "a: 2026-99-99"]
)
def test_odd_files_are_problems(tmp_path: Path, text: str) -> None:
    file = tmp_path / "machine.yaml"
    file.write_text(text)

    with pytest.raises(SetupProblem) as caught:
        load(str(file))

    assert caught.value.cure


def _read(file: Path) -> Machine | SetupProblem:
    try:
        return load(str(file))
    except SetupProblem as problem:
        return problem


def _changed(value: Any, data: st.DataObject) -> Any:
    """Replace, remove or add something, somewhere."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 4)):
        key = data.draw(st.sampled_from(sorted(value, key=str)))
        match data.draw(st.integers(0, 5)):
            case 0:
                return {other: one for other, one in value.items() if other != key}
            case 1:
                return {**value, data.draw(st.text(max_size=4)): data.draw(JUNK)}
        return {**value, key: _changed(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 4)):
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], _changed(value[at], data), *value[at + 1 :]]
    return data.draw(JUNK)

"""What the command writes for its workers is what they read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawplate.conformance.run.context import RunContext

NAMES = st.text('aZ9 @é€.-_\n"\\', min_size=1, max_size=20)
CHECKS = st.lists(st.tuples(NAMES, st.sampled_from(["bench", "cluster"])), max_size=5)
CONTEXTS = st.builds(
    RunContext,
    run_id=NAMES,
    profile=NAMES,
    out=NAMES.map(lambda name: Path("/", name)),
    seed=st.integers(0, 2**31),
    patience=st.floats(1, 10),
    checks=CHECKS.map(tuple),
    bench_kubeconfig=NAMES,
    cluster=NAMES,
    keep_on_failure=st.booleans(),
)


@given(CONTEXTS)
def test_a_context_survives_the_way_through_its_file(
    tmp_path_factory: pytest.TempPathFactory, context: RunContext
) -> None:
    file = tmp_path_factory.getbasetemp() / "context.json"

    context.write(file)

    assert RunContext.read(file) == context


@given(CONTEXTS)
def test_the_heights_are_those_of_the_checks(context: RunContext) -> None:
    assert context.heights == {height for _, height in context.checks}

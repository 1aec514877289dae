"""The proof that checks can fail: every mutant fails exactly what it must."""

import pytest

from drawplate.conformance.selftest.mutants import registry
from drawplate.conformance.selftest.mutants.matrix import run_matrix, wanted
from drawplate.fixtures.progress import Progress

pytestmark = pytest.mark.slow
# The leanest proof in the cluster: one mutant for each way in which a pod can be wronged.
CLUSTER = [
    "wrong-edits",
    "edits-for-all",
    "cdi-consumed",
    "second-prepare-refused",
    "start-cleans-cdi",
]
# Those that nothing but several nodes finds; the rest of that stage is `nox -s mutants`'.
NODES = [
    "stop-cleans-cdi",
    "stop-withdraws-slices",
    "registration-cleans-cdi",
    "slices-for-all-nodes",
    "prepares-everywhere",
    "refuses-second-node",
    "unprepares-everywhere",
    "prepares-on-one-node",
]


def test_every_mutant_fails_exactly_the_right_checks_at_the_bench() -> None:
    rows = run_matrix([], ["bench"], Progress())

    assert rows
    wrong = [f"{row.mutant.name}: {row}" for row in rows if not row.right]
    assert not wrong, "\n".join(wrong)


@pytest.mark.root
def test_every_mutant_of_the_cluster_fails_the_right_checks() -> None:
    rows = run_matrix(CLUSTER, ["cluster"], Progress())

    assert len(rows) == len(CLUSTER)
    wrong = [f"{row.mutant.name}: {row}" for row in rows if not row.right]
    assert not wrong, "\n".join(wrong)


@pytest.mark.root
@pytest.mark.extra
def test_every_mutant_of_several_nodes_fails_the_right_checks() -> None:
    rows = run_matrix(NODES, ["nodes"], Progress())

    assert len(rows) == len(NODES)
    wrong = [f"{row.mutant.name}: {row}" for row in rows if not row.right]
    assert not wrong, "\n".join(wrong)


def test_every_mutant_is_proven_by_some_test() -> None:
    at_bench = {m.name for m in registry.load().values() if wanted(m, "bench")}

    assert set(registry.names()) == at_bench | set(CLUSTER) | set(NODES)

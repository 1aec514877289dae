"""What a run stands on is made for it and removed with it, or was there before and stays."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.run.ground import Wish, check_wish, prepare_ground
from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.provider import ClusterSpec
from drawplate.fixtures.progress import silent

BENCH: Any = frozenset({"bench"})
BOTH: Any = frozenset({"bench", "cluster"})


@dataclass
class Pretended:
    """A provider of clusters that notes what is asked of it."""

    ups: list[tuple[ClusterSpec, int | None]] = field(default_factory=list)
    downs: list[str] = field(default_factory=list)
    running: dict[str, Any] = field(default_factory=dict)
    refuses: str = ""

    def up(self, spec: ClusterSpec, _progress: object, *, owner_pid: int | None) -> Any:
        if self.refuses and spec.name.startswith(self.refuses):
            raise SetupProblem("no room")
        self.ups.append((spec, owner_pid))
        return self.cluster(spec)

    def cluster(self, spec: ClusterSpec) -> Any:
        provider = self

        class Cluster:
            nodes = () if spec.bench else ("node",)
            versions = {"kubernetes": "1.37.2", "etcd": "3.7.3"}  # noqa: RUF012
            kubeconfig = Path("/nonexistent/kubeconfig")

            def __init__(self) -> None:
                self.spec = spec
                self.name = spec.name

            def down(self) -> None:
                provider.downs.append(spec.name)

        return Cluster()


def well() -> bool:
    """Say that nothing failed."""
    return False


@pytest.fixture
def provider(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Pretended:
    pretended = Pretended()
    monkeypatch.setenv("XDG_STATE_HOME", str(scratch))
    monkeypatch.setattr(lifecycle, "up", pretended.up)
    monkeypatch.setattr(lifecycle, "find", pretended.running.get)
    monkeypatch.setattr(lifecycle, "names", lambda: sorted(pretended.running))
    return pretended


def test_each_height_gets_a_control_plane_of_its_own_that_ends_with_the_run(
    provider: Pretended,
) -> None:
    with prepare_ground(Wish(BOTH), "abc", silent(), well) as ground:
        assert ground.bench
        assert ground.cluster
        assert [(spec.name, spec.bench) for spec, _ in provider.ups] == [
            ("b-abc", True),
            ("c-abc", False),
        ]
        assert provider.downs == []
        records = {record.height: record for record in ground.records()}
        assert (records["bench"].nodes, records["cluster"].nodes) == (0, 1)

    assert {owner for _, owner in provider.ups} == {os.getpid()}
    assert sorted(provider.downs) == ["b-abc", "c-abc"]


def test_the_bench_alone_makes_no_cluster(provider: Pretended) -> None:
    with prepare_ground(Wish(BENCH), "abc", silent(), well) as ground:
        assert ground.cluster is None

    assert [spec.name for spec, _ in provider.ups] == ["b-abc"]


def test_versions_and_gates_reach_both(provider: Pretended) -> None:
    wish = Wish(BOTH, ClusterSpec(gates="all-beta", feature_gates={"X": True}))

    with prepare_ground(wish, "abc", silent(), well):
        pass

    assert {spec.gates for spec, _ in provider.ups} == {"all-beta"}
    assert all(spec.feature_gates == {"X": True} for spec, _ in provider.ups)


def test_what_was_made_is_removed_when_the_rest_cannot_be_made(provider: Pretended) -> None:
    provider.refuses = "c-"

    with (
        pytest.raises(SetupProblem, match="no room"),
        prepare_ground(Wish(BOTH), "abc", silent(), well),
    ):
        pass

    assert provider.downs == ["b-abc"]


def test_what_was_made_is_removed_when_the_run_is_interrupted(provider: Pretended) -> None:
    with pytest.raises(KeyboardInterrupt), prepare_ground(Wish(BENCH), "abc", silent(), well):
        raise KeyboardInterrupt

    assert provider.downs == ["b-abc"]


def test_a_cluster_to_look_at_outlives_the_run_and_its_bench_does_not(provider: Pretended) -> None:
    with prepare_ground(Wish(BOTH, keep=True), "abc", silent(), lambda: True):
        pass

    assert provider.downs == ["b-abc"]
    assert {spec.name: owner for spec, owner in provider.ups}["c-abc"] is None


def test_a_cluster_in_which_nothing_failed_is_not_kept(provider: Pretended) -> None:
    with prepare_ground(Wish(BOTH, keep=True), "abc", silent(), well):
        pass

    assert sorted(provider.downs) == ["b-abc", "c-abc"]


def test_a_named_cluster_is_used_for_both_heights_and_stays(provider: Pretended) -> None:
    mine = provider.running["mine"] = provider.cluster(ClusterSpec("mine"))

    with prepare_ground(Wish(BOTH, cluster="mine"), "abc", silent(), well) as ground:
        assert (ground.bench, ground.cluster) == (mine, mine)

    assert provider.ups == []
    assert provider.downs == []


def test_a_named_cluster_that_is_not_up_is_told_with_those_that_are(provider: Pretended) -> None:
    provider.running["mine"] = provider.cluster(ClusterSpec("mine"))

    with pytest.raises(SetupProblem, match="no cluster 'yours'") as caught:
        check_wish(Wish(BENCH, cluster="yours"), "abc")

    assert "mine" in caught.value.cure


def test_what_can_be_seen_to_be_impossible_is_refused_before_anything_is_made(
    provider: Pretended,
) -> None:
    with pytest.raises(SetupProblem, match="no gate set 'wild'"):
        check_wish(Wish(BENCH, ClusterSpec(gates="wild")), "abc")

    assert provider.ups == []

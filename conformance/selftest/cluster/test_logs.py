"""Logs of components: only what a test caused is its evidence."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

from drawplate.conformance.cluster.evidence import ComponentLogs

if TYPE_CHECKING:
    from drawplate.fixtures.clusters.provider import Cluster


class LoggingCluster:
    def __init__(self) -> None:
        self.logs: dict[str, str] = {}

    def collect_logs(self, folder: Path) -> None:
        for name, text in self.logs.items():
            (folder / name).write_text(text)


def test_only_what_came_after_the_mark_is_written(tmp_path: Path) -> None:
    cluster = LoggingCluster()
    cluster.logs = {"kubelet.log": "before\n", "quiet.log": "same\n"}
    logs = ComponentLogs(cast("Cluster", cluster))
    logs.mark()
    cluster.logs |= {"kubelet.log": "before\nafter\n", "new.log": "all\n"}

    logs.write(tmp_path)

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "kubelet.log": "after\n",
        "new.log": "all\n",
    }

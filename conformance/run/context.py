"""What every process of a run knows: written once by the command, read by each worker."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from drawplate.conformance.catalogue import Height


@dataclass(frozen=True, slots=True)
class RunContext:
    """One certification run.

    `checks` are the (requirement, height) pairs to run; `patience` is the measured factor by which
    waiting (never a limit that the specification gives) is stretched; `cluster` is the name of
    the cluster of the cluster height, "" when that height does not run. `host` and `host_key` say
    where its sites are served, `problem` why they could not be made: what, where, cure. With
    `shuffle` tests run in an order that the seed draws.
    """

    run_id: str
    profile: str
    out: Path
    seed: int
    patience: float
    checks: tuple[tuple[str, Height], ...]
    bench_kubeconfig: str = ""
    cluster: str = ""
    keep_on_failure: bool = False
    host: str = ""
    host_key: str = ""
    problem: tuple[str, str, str] | None = None
    shuffle: bool = False

    def write(self, path: Path) -> None:
        """Write the context as JSON."""
        path.write_text(json.dumps(asdict(self) | {"out": str(self.out)}), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "RunContext":
        """Read what `write` wrote."""
        raw = json.loads(path.read_text(encoding="utf-8"))
        raw["out"] = Path(raw["out"])
        raw["problem"] = tuple(raw["problem"]) if raw["problem"] else None
        raw["checks"] = tuple((name, height) for name, height in raw["checks"])
        return cls(**raw)

    @property
    def heights(self) -> set[Height]:
        """Give the heights at which anything runs."""
        return {height for _, height in self.checks}

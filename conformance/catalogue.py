"""The catalogue: every requirement as data, with its source and what proves it."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from drawplate.conformance.problems import SetupProblem, SuiteError

Level = Literal["MUST", "SHOULD"]
Height = Literal["bench", "cluster"]
RequirementId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,3}-?[0-9]{1,3}[a-z]?$")]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]


class KubernetesNeeds(BaseModel):
    """What a cluster must offer for a requirement to apply; kind-configs/versions.toml says what it does.

    `gates` are feature gates that must be on, `services` those that the kubelet must call (such as
    "v1.DRAResourceHealth"), `apis` versions of resource.k8s.io that must be served.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gates: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    apis: tuple[str, ...] = ("v1",)


class Requirement(BaseModel):
    """One sentence that a driver meets or does not meet.

    `source` names the text or code of Kubernetes that demands it (short names as in the file's
    head: K kubernetes v1.37.2, A its api module, L its dynamic-resource-allocation module, KL its
    kubelet module), or says *deduced*; then `rationale` gives the deduction. `needs` are
    capabilities of the profile, `node` is what its test in a cluster does to a node that it has not
    from the API server (run/node_needs.py), `nodes` how many of them it needs; `since` is the first Kubernetes minor that has the rule,
    and `kubernetes` what the cluster must offer beside (run/offer.py); `spoiled_by` are flaws of
    kind-configs/versions.toml with which no driver can be seen to meet it in a cluster;
    `mutants` are defects of the reference driver that make the check fail.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: RequirementId
    level: Level
    text: Sentence
    source: str = Field(min_length=3)
    heights: tuple[Height, ...] = Field(min_length=1)
    hint: Sentence
    rationale: str = ""
    needs: tuple[str, ...] = ()
    node: tuple[str, ...] = ()
    nodes: int = Field(default=1, ge=1)
    since: str = "1.34"
    kubernetes: KubernetesNeeds = KubernetesNeeds()
    spoiled_by: tuple[str, ...] = ()
    mutants: tuple[str, ...] = ()
    retired: bool = False
    area: str = ""


class _Area(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    area: str
    requirements: tuple[Requirement, ...]


def _read(name: str, text: str) -> list[Requirement]:
    try:
        area = _Area.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise SuiteError(f"the catalogue is damaged: {error}", where=name) from error
    return [entry.model_copy(update={"area": area.area}) for entry in area.requirements]


@cache
def load() -> Mapping[str, Requirement]:
    """Give all requirements by ID, in the order of the files.

    Raises SuiteError when a file is damaged or an ID stands twice.
    """
    entries: dict[str, Requirement] = {}
    folder = files("drawplate.conformance") / "requirements"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".yaml"):
            continue
        for requirement in _read(file.name, file.read_text(encoding="utf-8")):
            if requirement.id in entries:
                raise SuiteError(f"requirement {requirement.id} stands twice", where=file.name)
            entries[requirement.id] = requirement
    return entries


def find(ids: Iterable[str]) -> list[Requirement]:
    """Give the requirements with these IDs; raises SetupProblem for an unknown one."""
    known = load()
    found = []
    for name in ids:
        if name not in known:
            near = " or ".join(get_close_matches(name.upper(), known, cutoff=0.8))
            raise SetupProblem(
                f"there is no requirement {name!r}",
                where="the requirement's ID",
                cure=(f"did you mean {near}? " if near else "")
                + "`drawplate requirements` lists them all",
            )
        found.append(known[name])
    return found

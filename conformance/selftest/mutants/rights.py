"""Prints the driver's objects with one defect of its rights: `rights NAME COMMAND…`."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import yaml

Object = dict[str, Any]
GROUP = "resource.k8s.io"


def _grant(objects: list[Object], verbs: list[str], resource: str) -> list[Object]:
    for entry in objects:
        if entry["kind"] == "ClusterRole":
            rule = {"apiGroups": [GROUP], "resources": [resource], "verbs": verbs}
            entry["rules"].append(rule)
    return objects


def _without_policies(objects: list[Object]) -> list[Object]:
    return [entry for entry in objects if not entry["kind"].startswith("ValidatingAdmission")]


DEFECTS: dict[str, Callable[[list[Object]], list[Object]]] = {
    "role-lists-claims": lambda objects: _grant(objects, ["list", "watch"], "resourceclaims"),
    "role-binds-claims": lambda objects: _grant(
        objects, ["update", "patch"], "resourceclaims/binding"
    ),
    "policy-missing": _without_policies,
}


def main(name: str, command: list[str]) -> int:
    """Print what the command prints, changed by the defect, if `name` is one of rights."""
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    objects = [entry for entry in yaml.safe_load_all(printed) if entry]
    if name in DEFECTS:
        objects = DEFECTS[name](objects)
    yaml.safe_dump_all(objects, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

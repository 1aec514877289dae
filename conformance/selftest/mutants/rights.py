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


# What a defect of the process needs to be allowed at all.
ALLOWED: dict[str, Callable[[list[Object]], list[Object]]] = {
    "prepares-everywhere": DEFECTS["role-lists-claims"],
    "slices-for-all-nodes": _without_policies,
}


def change(objects: list[Object], name: str) -> list[Object]:
    """Give objects with the rights that the mutant `name` has."""
    made = {**ALLOWED, **DEFECTS}.get(name)
    return made(objects) if made else objects


def main(name: str, command: list[str]) -> int:
    """Print what the command prints, with the rights that the mutant `name` has."""
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    objects = [entry for entry in yaml.safe_load_all(printed) if entry]
    yaml.safe_dump_all(change(objects, name), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

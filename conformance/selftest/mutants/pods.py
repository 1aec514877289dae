"""Prints the objects of a driver whose pods have a defect: `pods NAME COMMAND…`.

The driver's image stays as it is: the defect comes into its containers as files of a ConfigMap.
"""

import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from drawplate.conformance.selftest.mutants import rights

Object = dict[str, Any]
LAUNCH = "drawplate.conformance.selftest.mutants.launch"
MAP = "drawplate-mutant"
# Where Python finds the files, as parts of the package that the image has.
FOLDER = "/mutant"
INSIDE = "drawplate/conformance/selftest/mutants"


def sources() -> dict[str, str]:
    """Give the files that start a driver with a defect, by their paths below this package."""
    here = Path(str(files("drawplate.conformance.selftest.mutants")))
    paths = [here / "launch.py", *sorted((here / "defects").glob("*.py"))]
    return {str(path.relative_to(here)): path.read_text(encoding="utf-8") for path in paths}


def infect(objects: list[Object], name: str) -> list[Object]:
    """Have the containers of every DaemonSet start the driver through its defect."""
    made: list[Object] = []
    for entry in objects:
        if entry["kind"] == "DaemonSet":
            made.append(_config_map(entry["metadata"]["namespace"]))
            _start_through(entry["spec"]["template"]["spec"], name)
        made.append(entry)
    return made


def _config_map(namespace: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": MAP, "namespace": namespace},
        "data": {_key(path): text for path, text in sources().items()},
    }


def _start_through(spec: Object, name: str) -> None:
    items = [{"key": _key(path), "path": f"{INSIDE}/{path}"} for path in sources()]
    spec["volumes"].append({"name": MAP, "configMap": {"name": MAP, "items": items}})
    for container in spec["containers"]:
        container["command"] = ["/usr/bin/python3", "-m", LAUNCH, name]
        container.setdefault("env", []).append({"name": "PYTHONPATH", "value": FOLDER})
        container.setdefault("volumeMounts", []).append({"name": MAP, "mountPath": FOLDER})


def _key(path: str) -> str:
    return path.replace("/", ".")


def main(name: str, command: list[str]) -> int:
    """Print what the command prints, changed by the defect."""
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    objects = [entry for entry in yaml.safe_load_all(printed) if entry]
    objects = rights.change(objects, name)
    if name not in rights.DEFECTS:
        objects = infect(objects, name)
    yaml.safe_dump_all(objects, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

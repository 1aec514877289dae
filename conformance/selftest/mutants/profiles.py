"""The profile of a mutant: the reference driver's, with the driver started through its defect."""

from pathlib import Path
from typing import Any

import yaml

from drawplate.conformance.profile.load import load
from drawplate.conformance.selftest.mutants import registry

DRIVER = "drawplate.driver.main"
LAUNCH = "drawplate.conformance.selftest.mutants.launch"
RIGHTS = "drawplate.conformance.selftest.mutants.rights"
PODS = "drawplate.conformance.selftest.mutants.pods"


def write_profile(name: str, folder: Path, *, as_pods: bool = False) -> Path:
    """Write the profile of the mutant `name` into `folder`, and give its path.

    In a cluster it runs as a process, or `as_pods`; some families run as pods only.
    """
    sound = load(registry.load()[name].profile).source
    data: dict[str, Any] = yaml.safe_load(sound.read_text(encoding="utf-8"))
    data["metadata"]["name"] = f"mutant-{name}"
    deploy = data["deploy"]
    manifests = deploy.pop("manifests")
    if "process" in deploy:
        _infect(deploy["process"], name)
    if as_pods:
        # Nodes that are containers have no Python to run a process with.
        objects = ["{python}", "-m", PODS, name, *manifests["command"]]
        deploy["manifests"] = manifests | {"command": objects}
    path = folder / f"mutant-{name}.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path


def _infect(process: dict[str, Any], name: str) -> None:
    process["argv"] = [
        word for argument in process["argv"] for word in _through(argument, DRIVER, LAUNCH, name)
    ]
    command = process["identity"]["command"]
    process["identity"]["command"] = ["{python}", "-m", RIGHTS, name, *command]
    # A mutant that never becomes ready need not be waited for as long as a real driver.
    process["ready"] = {"timeout": "6s"}


def _through(argument: str, module: str, launcher: str, name: str) -> list[str]:
    return [launcher, name] if argument == module else [argument]

"""Commands and manifests of a profile: each must be there and readable."""

import shutil
import sys
from collections.abc import Iterator
from datetime import date

from drawplate.conformance.profile.check_texts import node_commands, sources
from drawplate.conformance.profile.deployment import Identity, Source
from drawplate.conformance.profile.findings import Complaint, KeyPath, suggest
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.objects import read_objects
from drawplate.conformance.profile.placeholders import FOLDERS, mentioned
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.clusters.components.versions import shipped


def command_findings(profile: Profile, _today: date) -> Iterator[Complaint]:
    """Give the commands, components and manifests that are not there."""
    for path, argv in _commands(profile):
        program = argv[0] if argv else ""
        # What a placeholder gives is looked for when it has a value.
        if program and not any(mentioned(program)) and not shutil.which(program):
            yield (*path, 0), f"there is no program {program!r}", "install it, or correct the path"
    yield from _components(profile)
    for path, source in sources(profile):
        yield from _objects(profile, path, source)


def _commands(profile: Profile) -> Iterator[tuple[KeyPath, tuple[str, ...]]]:
    yield ("driver", "version"), profile.driver.version
    if profile.deploy.process:
        yield ("deploy", "process", "argv"), profile.deploy.process.argv
    for path, source in sources(profile):
        yield (*path, "command"), source.command
    for name, lever in profile.hardware.levers.named().items():
        yield ("hardware", "levers", name, "command"), lever.command
    for key, argv in node_commands(profile):
        yield ("nodes", key), argv


def _components(profile: Profile) -> Iterator[Complaint]:
    process = profile.deploy.process
    known = shipped().components
    binaries = set()
    for number, name in enumerate(process.needs if process else ()):
        if name in known:
            binaries |= set(known[name].binaries)
        else:
            place: KeyPath = ("deploy", "process", "needs", number)
            yield place, f"there is no component {name!r}", suggest(name, list(known))
    for path, argv in _commands(profile):
        for number, word in enumerate(argv):
            for kind, name in mentioned(word):
                if kind == "component" and name not in binaries:
                    cure = "add its component to deploy.process.needs"
                    yield (*path, number), f"no needed component has the binary {name!r}", cure


def _objects(profile: Profile, path: KeyPath, source: Source) -> Iterator[Complaint]:
    if any(kind == "component" for word in source.command for kind, _ in mentioned(word)):
        return
    try:
        # No node is known here: any absolute path stands for each of its folders.
        values = {"python": sys.executable} | {name: f"/{name}" for name in FOLDERS}
        objects = read_objects(source, profile.folder, values)
    except SetupProblem as problem:
        yield path, f"{problem.what} ({problem.where})", problem.cure
        return
    if isinstance(source, Identity):
        wanted = source.service_account
        names = {
            (entry["metadata"].get("namespace"), entry["metadata"]["name"])
            for entry in objects
            if entry["kind"] == "ServiceAccount"
        }
        if (wanted.namespace, wanted.name) not in names:
            what = f"the objects have no ServiceAccount {wanted.namespace}/{wanted.name}"
            listed = ", ".join(f"{space}/{name}" for space, name in sorted(names)) or "none"
            yield (*path, "serviceAccount"), what, f"they have {listed}"

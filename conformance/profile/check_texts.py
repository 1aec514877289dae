"""Placeholders in a profile's texts: each must be known where it stands."""

from collections.abc import Iterable, Iterator
from datetime import date

from drawplate.conformance.profile.deployment import Process, Source
from drawplate.conformance.profile.findings import Complaint, KeyPath, suggest
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.placeholders import (
    ANYWHERE,
    OF_A_MARK,
    OF_A_NODES_COMMAND,
    OF_OBJECTS,
    ON_A_NODE,
    unknown,
)

Texts = Iterator[tuple[KeyPath, str]]


def text_findings(profile: Profile, _today: date) -> Iterator[Complaint]:
    """Give the placeholders that mean nothing where they stand."""
    yield from _judge(_texts_of_a_node(profile), ON_A_NODE)
    yield from _judge(_listed(("driver", "version"), profile.driver.version), ANYWHERE)
    yield from _judge(_texts_of_objects(profile), OF_OBJECTS)
    for key, argv in node_commands(profile):
        yield from _judge(_listed(("nodes", key), argv), OF_A_NODES_COMMAND)
    marks = (
        (("observe", "marks", n, "shows"), mark.shows)
        for n, mark in enumerate(profile.observe.marks)
    )
    yield from _judge(marks, OF_A_MARK)


def _judge(texts: Texts, known: tuple[str, ...]) -> Iterator[Complaint]:
    for path, text in texts:
        for placeholder in unknown(text, known):
            word = placeholder.strip("{}").partition(":")[0]
            if word in known:
                form = f"{{{word}}}" if ":" in placeholder else f"{{{word}:NAME}}"
                cure = f"write {form}"
            else:
                cure = f"{suggest(word, known)} To mean text, double the braces"
            yield path, f"the placeholder {placeholder} is not known here", cure


def _texts_of_a_node(profile: Profile) -> Texts:
    process = profile.deploy.process
    if process:
        yield from _texts_of_process(process)
    for name, lever in profile.hardware.levers.named().items():
        yield from _listed(("hardware", "levers", name, "command"), lever.command)
    for number, file in enumerate(profile.state.files):
        yield ("state", "files", number, "path"), file.path


def _texts_of_process(process: Process) -> Texts:
    root: KeyPath = ("deploy", "process")
    yield from _listed((*root, "argv"), process.argv)
    yield from _listed((*root, "folders"), process.folders)
    for key, mapping in (("env", process.env), ("endpoints", process.endpoints)):
        for name, text in mapping.items():
            yield (*root, key, name), text
    for number, file in enumerate(process.files):
        yield (*root, "files", number, "path"), file.path
        yield (*root, "files", number, "content"), file.content


def _texts_of_objects(profile: Profile) -> Texts:
    for path, source in sources(profile):
        yield from _listed((*path, "command"), source.command)


def node_commands(profile: Profile) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the commands for nodes that the profile has, by their keys."""
    found = {"restartKubelet": profile.nodes.restart_kubelet, "reboot": profile.nodes.reboot}
    yield from ((key, argv) for key, argv in found.items() if argv)


def sources(profile: Profile) -> Iterator[tuple[KeyPath, Source]]:
    """Give every place of the profile that Kubernetes objects come from."""
    if profile.deploy.process and profile.deploy.process.identity:
        yield ("deploy", "process", "identity"), profile.deploy.process.identity
    if profile.deploy.manifests:
        yield ("deploy", "manifests"), profile.deploy.manifests


def _listed(path: KeyPath, texts: Iterable[str]) -> Texts:
    for number, text in enumerate(texts):
        yield (*path, number), text

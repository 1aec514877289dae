"""Placeholders: what `{kubeconfig}` and its like in a profile stand for."""

import re
from collections.abc import Iterator, Mapping

from drawplate.conformance.profile.model import Profile
from drawplate.emulators.problems import SetupProblem

# A word in braces, with a name after a colon for some; in double braces it is text. Everything
# else in braces, JSON for example, is text too.
_WORD = r"[A-Za-z][A-Za-z0-9]*(?::[^{}]*)?"
_PLACEHOLDER = re.compile(rf"\{{(?P<text>\{{{_WORD}\}})\}}|\{{(?P<word>{_WORD})\}}")

# Known wherever commands run, also where no node is.
ANYWHERE = ("python", "component")
FOLDERS = (
    "kubeletRoot",
    "registryDir",
    "pluginsDir",
    "pluginDir",
    "cdiDir",
    "stateDir",
    "hardwareRoot",
    "sysfs",
    "devfs",
    "libraryFolder",
)
# Known where objects are printed that say how nodes are used.
OF_OBJECTS = (*ANYWHERE, *FOLDERS)
ON_A_NODE = (
    *OF_OBJECTS,
    "kubeconfig",
    "nodeName",
    "instance",
    "port",
)
OF_A_NODES_COMMAND = ("nodeName",)
OF_A_MARK = ("device", "pool", "attribute", "claim", "request")
_WITH_NAME = {"component", "port", "attribute"}


def mentioned(text: str) -> Iterator[tuple[str, str]]:
    """Give every placeholder of a text as (kind, name); the name is "" for most kinds."""
    for match in _PLACEHOLDER.finditer(text):
        if match["word"]:
            kind, _, name = match["word"].partition(":")
            yield kind, name


def unknown(text: str, known: tuple[str, ...]) -> Iterator[str]:
    """Give the placeholders of a text that are not among `known`, or lack or misuse a name."""
    for kind, name in mentioned(text):
        if kind not in known or bool(name) != (kind in _WITH_NAME):
            yield f"{{{kind}:{name}}}" if name else f"{{{kind}}}"


def render(text: str, values: Mapping[str, str]) -> str:
    """Replace the placeholders of a text; `values` has them by what stands in the braces.

    Raises SetupProblem for one that has no value.
    """

    def replace(match: re.Match[str]) -> str:
        asked = match["word"]
        if asked and asked not in values:
            raise SetupProblem(
                f"the placeholder {{{asked}}} has no value here",
                where=text,
                cure=f"known here: {', '.join(sorted(values))}; double the braces to mean text",
            )
        return values[asked] if asked else str(match["text"])

    return _PLACEHOLDER.sub(replace, text)


def components_used(profile: Profile) -> set[str]:
    """Give the binaries that the profile takes from the component cache."""
    texts = list(profile.driver.version)
    if profile.deploy.process:
        process = profile.deploy.process
        texts += [*process.argv, *process.env.values()]
        texts += process.identity.command if process.identity else ()
    if profile.deploy.manifests:
        texts += profile.deploy.manifests.command
    return {name for text in texts for kind, name in mentioned(text) if kind == "component"}

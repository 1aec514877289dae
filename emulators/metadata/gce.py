"""Compute Engine's metadata server: header rules, listings, recursion, and waiting for a change.

Google Cloud documentation, "About VM metadata" and "Query VM metadata".
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from drawplate.emulators.metadata.exchange import Answer, Declined, Request, as_json, plain

_FLAVOR = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}
_TEXT = "application/text"
_ROOT = ("computeMetadata", "v1")
# Below these the names are people's own, and not changed between JSON and paths.
_FREE = ("attributes", "guest-attributes")
_NEW_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def answer(request: Request, tree: Any) -> Answer:
    """Answer a request from the document."""
    try:
        found = _answer(request, tree)
    except Declined as declined:
        found = declined.answer
    return replace(found, headers={**found.headers, **_FLAVOR})


def wants_change(request: Request, found: Answer) -> bool:
    """Tell whether the client waits until the answer is another than the one that it has."""
    if request.query.get("wait_for_change") != "true" or "ETag" not in found.headers:
        return False
    return request.query.get("last_etag", found.headers["ETag"]) in {found.headers["ETag"], "0"}


def _answer(request: Request, tree: Any) -> Answer:
    names = request.names
    if not names:
        return plain("0.1/\ncomputeMetadata/\n", kind=_TEXT)
    _check(request)
    if names == _ROOT[:1]:
        return plain("v1/\n", kind=_TEXT)
    if names[: len(_ROOT)] != _ROOT:
        raise Declined(404, "not found\n")
    value = _find(tree, names[len(_ROOT) :])
    if isinstance(value, dict | list) and not request.path.endswith("/"):
        return Answer(301, b"", {"Location": f"{request.path}/"})
    return _tagged(_shown(request, value))


def _check(request: Request) -> None:
    if request.method != "GET":
        raise Declined(405)
    if request.headers.get("metadata-flavor") != "Google" or "x-forwarded-for" in request.headers:
        raise Declined(403, "Your client does not have permission: Metadata-Flavor: Google\n")


def _find(tree: Any, names: tuple[str, ...]) -> Any:
    above = ""
    for name in names:
        if isinstance(tree, list) and name.isdecimal() and int(name) < len(tree):
            tree = tree[int(name)]
        elif isinstance(tree, dict):
            free = above in _FREE
            named = {(key if free else _dashed(key)): it for key, it in tree.items()}
            if name not in named:
                raise Declined(404, "not found\n")
            tree = named[name]
        else:
            raise Declined(404, "not found\n")
        above = name
    return tree


def _shown(request: Request, value: Any) -> Answer:
    form = request.query.get("alt", "")
    if request.query.get("recursive", "").lower() == "true":
        if form == "text":
            return plain("".join(f"{line}\n" for line in _lines(value, "")), kind=_TEXT)
        return as_json(value)
    if isinstance(value, dict | list):
        listed = "".join(f"{line}\n" for line in _listing(value))
        return as_json(value) if form == "json" else plain(listed, kind=_TEXT)
    return as_json(value) if form == "json" else plain(_text(value), kind=_TEXT)


def _listing(value: Any) -> Iterator[str]:
    pairs = enumerate(value) if isinstance(value, list) else value.items()
    for key, below in pairs:
        yield f"{_dashed(str(key))}{'/' if isinstance(below, dict | list) else ''}"


def _lines(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict | list):
        yield f"{path} {_text(value)}"
        return
    pairs = enumerate(value) if isinstance(value, list) else value.items()
    for key, below in pairs:
        name = _dashed(str(key))
        yield from _lines(below, f"{path}/{name}" if path else name)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _dashed(name: str) -> str:
    """`machineType` in JSON is `machine-type` in a path; names with dashes are left alone."""
    return name if "-" in name else _NEW_WORD.sub("-", name).lower()


def _tagged(found: Answer) -> Answer:
    tag = hashlib.sha256(found.body).hexdigest()[:16]
    return replace(found, headers={**found.headers, "ETag": tag})

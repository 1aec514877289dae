"""Makes the C source of the library for one driver version from the table of the API."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from drawplate.emulators.nvml import pages_layout
from drawplate.emulators.nvml.layout import api_structs, data, scalar_code
from drawplate.emulators.nvml.table import HANDLES, Argument, Function, codes, exported

# Whole pages of every architecture that we serve: arm64 may have pages of 64 KiB.
PAGE = 65536
SOURCES = (
    "devices.c",
    "clocks.c",
    "errors.c",
    "processes.c",
    "nvlink.c",
    "events.c",
    "mig.c",
    "compute.c",
    "metrics.c",
)
# nvmlValueType_t of nvml.h, and the member of nvmlValue_t.
_VALUE_TYPES = {
    "u32": (1, "uiVal"),
    "u64": (3, "ullVal"),
    "i32": (5, "siVal"),
    "i64": (4, "sllVal"),
}
_WORD = re.compile(r"(?<![\w.>])[a-z]\w*\b(?!->)")


def source_folder() -> Path:
    """Give the folder of the C sources, which the generated one includes."""
    return Path(str(files("drawplate.emulators"))) / "nvml" / "source"


def generate(version: str) -> str:
    """Give the C source of the library of a driver version."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(source_folder()),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        # The output is C: nothing in it is HTML.
        autoescape=False,  # noqa: S701
    )
    layouts = pages_layout.layouts()
    return environment.get_template("library.c.j2").render(
        version=version,
        codes=codes(),
        structs=[layouts[name] for name in layouts],
        c_type=c_type,
        versions=data("versions.yaml"),
        event_types=f"{data('events.yaml')['supported']:#x}ull",
        page=PAGE,
        state_size=layouts["state"].size,
        sources=SOURCES,
        fields=list(_fields()),
        fields_end=data("fields.yaml")["end"],
        functions=[_function(one) for one in exported(version)],
    )


def c_type(kind: str) -> str:
    """Give a type as C writes it."""
    if kind in HANDLES:
        return "handle"
    if kind.startswith("nvml"):
        return "handle" if scalar_code(kind) else kind
    code = scalar_code(kind)
    return kind if code or kind == "void" else f"struct {kind}"


def _expression(text: Any, arguments: Mapping[str, Any]) -> str:
    """Write an expression of the table in C: names of the record become its members."""
    known = pages_layout.layouts()["gpu"].by_name

    def replace(match: re.Match[str]) -> str:
        word = match.group()
        if word in known and word in arguments:
            message = f"{text!r}: write r->{word}; an argument has the same name"
            raise ValueError(message)
        return f"r->{word}" if word in known else word

    return _WORD.sub(replace, str(text))


def _is_plain(text: Any) -> bool:
    """Tell whether an expression is one member of the record, so that it can be absent."""
    match = re.fullmatch(r"(?:r->)?([a-z]\w*)(\[.*\])?(.* ABSENT_32)?", str(text))
    members = pages_layout.layouts()["gpu"].by_name
    found = members.get(match.group(1)) if match else None
    return (found is not None and found.kind in {"u32", "u64"}) or "ABSENT_32" in str(text)


def _fields() -> Iterator[dict[str, Any]]:
    for name, entry in data("fields.yaml")["fields"].items():
        numbers = entry["number"]
        for place, number in enumerate(numbers if isinstance(numbers, list) else [numbers]):
            kind, member = _VALUE_TYPES[entry.get("type", "u32")]
            value = str(entry["value"]).replace("$", str(place))
            yield {
                "number": number,
                "name": name,
                "value": _expression(value, {"scope": 1}),
                "checked": _is_plain(value),
                "type_number": kind,
                "union_member": member,
                "when": [
                    _expression(one.replace("$", str(place)), {"scope": 1})
                    for one in entry.get("when", ())
                ],
                "valid": [
                    _expression(one.replace("$", str(place)), {"scope": 1})
                    for one in entry.get("valid", ())
                ],
            }


def _declaration(one: Argument) -> str:
    if one.kind == "text":
        return f"{'const ' if one.way == 'in' else ''}char *{one.name}"
    star = {"": "", "in": "*", "out": "*"}[one.way]
    const = "const " if one.way == "in" else ""
    return f"{const}{c_type(one.kind)} {star}{one.name}"


def _function(one: Function) -> dict[str, Any]:
    names = {it.name: it for it in one.arguments}
    does = one.behaviour
    kind = next((key for key in ("give", "text", "code", "send") if key in does), "answer")
    parameters = ", ".join(_declaration(it) for it in one.arguments)
    first = one.arguments[0] if one.arguments else None
    handled = first is not None and first.way == "" and first.kind in {"device", "gi", "ci"}
    passed = one.arguments[1:] if handled else one.arguments
    inside = ", ".join(["struct call *c", *(_declaration(it) for it in passed)])
    optional = [it for it in does.get("optional", ()) if it in names]
    return {
        "name": one.name,
        "kind": kind,
        "returns": "const char *" if one.name == "nvmlErrorString" else "int",
        "parameters": parameters or "void",
        "body_parameters": inside,
        "body": f"body_{does['code'] if kind == 'code' else one.name}",
        "passed": "".join(f", {it.name}" for it in passed),
        "begin": _begin(one, first if handled else None),
        "required": [it.name for it in passed if it.way and it.name not in optional],
        "optional": [*optional, *(it.name for it in passed if not it.way and kind != "answer")],
        "version_checks": list(_version_checks(passed)),
        **_part(one, kind, passed, names),
    }


def _begin(one: Function, first: Argument | None) -> str:
    does = one.behaviour
    if does.get("free"):
        return f"begin_free(&c, {one.number})"
    if first is None:
        return f"begin(&c, {one.number})"
    mig = {"own": "MIG", "parent": "ANY"}.get(does.get("mig", ""), "DEVICE")
    kind = {"device": mig, "gi": "GI", "ci": "CI"}[first.kind]
    return f"begin_with(&c, {one.number}, {kind}, {first.name})"


def _part(
    one: Function, kind: str, passed: tuple[Argument, ...], names: Mapping[str, Argument]
) -> dict[str, Any]:
    does = one.behaviour
    if kind == "give":
        return {
            "gives": [
                {
                    "target": target.replace(".", "->", 1) if "." in target else f"*{target}",
                    "value": _expression(value, names),
                    "checked": _is_plain(value),
                }
                for target, value in does["give"].items()
            ],
            "when": [_expression(it, names) for it in does.get("when", ())],
            "valid": [_expression(it, names) for it in does.get("valid", ())],
        }
    if kind == "text":
        texts = [it.name for it in passed if it.kind == "text"]
        lengths = [it.name for it in passed if it.kind == "u32"]
        return {"text": does["text"], "text_argument": texts[0], "text_length": lengths[0]}
    if kind == "send":
        first = one.arguments[0].kind if len(passed) < len(one.arguments) else ""
        ids = {"gi": ["gi"], "ci": ["gi", "ci"]}.get(first, [])
        return {
            "sent": [*(f"put(&q, &c->{it}, 4)" for it in ids), *_sent(passed)],
            "received": list(_received(passed)),
            "families": list(_families(passed)),
        }
    if kind == "answer":
        return {
            "hashed": [it.name for it in passed if not it.way],
            "outs": [_out(it, passed) for it in passed if it.way == "out"],
            "families": list(_families(passed)),
        }
    return {}


def _out(one: Argument, passed: tuple[Argument, ...]) -> dict[str, str]:
    if one.kind == "text":
        length = next((it.name for it in passed if it.name in {"length", "size"}), "0")
        by_value = any(it.name == length and not it.way for it in passed)
        return {"name": one.name, "size": length if by_value else "0"}
    return {"name": one.name, "size": f"sizeof *{one.name}" if one.kind != "void" else "0"}


def _version_checks(passed: tuple[Argument, ...]) -> Iterator[dict[str, str]]:
    for one in passed:
        for version, (kind, _number) in data("versions.yaml").items():
            if one.way and kind == one.kind and _has_version(kind):
                yield {"argument": one.name, "version": version}


def _has_version(kind: str) -> bool:
    return kind in api_structs() and api_structs()[kind].members[0].name == "version"


def _families(passed: tuple[Argument, ...]) -> Iterator[dict[str, str]]:
    """Refuse version words that no driver knows, also where nothing is supported."""
    for one in passed:
        if not one.way or not one.kind.startswith("nvml") or not _has_version(one.kind):
            continue
        family = re.sub(r"_v\d+_t$|_t$", "", one.kind)
        known = [
            version
            for version, (kind, _number) in data("versions.yaml").items()
            if re.sub(r"_v\d+_t$", "", kind) == family
        ]
        if known:
            yield {
                "condition": " && ".join(f"{one.name}->version != {version}" for version in known)
            }


def _sent(passed: tuple[Argument, ...]) -> Iterator[str]:
    for one in passed:
        if one.kind == "text" and one.way == "in":
            yield f"put(&q, {one.name}, length_of({one.name}) + 1)"
        elif one.kind in HANDLES or one.kind == "text":
            continue
        elif not one.way:
            yield f"put(&q, &{one.name}, sizeof {one.name})"
        else:
            # Also what is only written to: the daemon finds each argument at its place.
            yield f"put(&q, {one.name}, sizeof *{one.name})"


def _received(passed: tuple[Argument, ...]) -> Iterator[str]:
    for one in passed:
        if one.way != "out" or one.kind == "text":
            continue
        if one.kind in {"gi", "ci"}:
            yield (
                f"u32 made_{one.name}[2] = {{0, 0}}; memcpy(made_{one.name}, at, a.size < 8 ? a.size : 8); "
            )
            record = "c->record"
            ids = f"made_{one.name}[0]"
            yield (
                f"*{one.name} = gi_handle({record}, {ids});"
                if one.kind == "gi"
                else f"*{one.name} = a.size >= 8 ? ci_handle({record}, {ids}, made_{one.name}[1])"
                f" : ci_handle({record}, c->gi, {ids});"
            )
        else:
            yield (
                f"if (a.size >= sizeof *{one.name} + (u32)(at - a.bytes)) "
                f"{{ memcpy({one.name}, at, sizeof *{one.name}); at += sizeof *{one.name}; }}"
            )

"""Makes the C source of the emulated nvidia-smi from the table of NVML and its own two tables."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import yaml

from drawplate.emulators.nvml import pages_layout
from drawplate.emulators.nvml.generate import c_type
from drawplate.emulators.nvml.layout import api_structs, data
from drawplate.emulators.nvml.mutators.calls import (
    ANNOUNCE,
    GET_TIME_SLICE,
    RESET,
    SET_TIME_SLICE,
)
from drawplate.emulators.nvml.table import Argument, codes, functions

SOURCES = (
    "csv.h",
    "listing.h",
    "details.h",
    "xml.h",
    "settings.h",
    "policy.h",
    "mig_profiles.h",
    "mig_lists.h",
    "mig.h",
    "topology.h",
    "main.h",
)
_CALLED = re.compile(r"(?:CALL\(|api\.|function_named\(\")(nvml\w+)")
_SHOWN = {"": "plain(to, value)", "mib": "plain(to, value >> 20)"}


def source_folder() -> Path:
    """Give the folder of the C sources, which the generated one includes."""
    return _folder() / "source"


def generate(version: str) -> str:
    """Give the C source of the program for a driver version."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(source_folder()),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        # The output is C: nothing in it is HTML.
        autoescape=False,  # noqa: S701
    )
    structs: Any = api_structs()
    names = list(structs)
    fields = list(_fields())
    return environment.get_template("nvidia_smi.c.j2").render(
        version=version,
        codes=codes(),
        structs=[structs[name] for name in names],
        versions=data("versions.yaml"),
        c_type=c_type,
        functions=list(_functions(fields)),
        fields=fields,
        details=list(_details()),
        pages=_pages(),
        private={
            "reset": RESET,
            "set_time_slice": SET_TIME_SLICE,
            "get_time_slice": GET_TIME_SLICE,
            "announce": ANNOUNCE,
        },
        sources=SOURCES,
    )


def _folder() -> Path:
    return Path(str(files("drawplate.emulators"))) / "smi"


def _table(name: str) -> Any:
    return yaml.safe_load((_folder() / name).read_text(encoding="utf-8"))


def _functions(fields: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(source_folder().glob("*.h"))]
    texts += [one["body"] for one in fields]
    for name in sorted({found for text in texts for found in _CALLED.findall(text)}):
        arguments = functions()[name].arguments
        parameters = ", ".join(_parameter(one) for one in arguments)
        yield {"name": name, "parameters": parameters or "void"}


def _parameter(one: Argument) -> str:
    if one.kind == "text":
        return "char *"
    kind = c_type(one.kind)
    const = "const " if one.way == "in" else ""
    return f"{const}{kind}{' *' if one.way else ''}"


def _fields() -> Iterator[dict[str, Any]]:
    for names, entry in _table("fields.yaml").items():
        unit = entry.get("unit", "")
        body = _body(entry)
        yield {"names": [name.strip() for name in names.split(",")], "unit": unit, "body": body}


def _body(entry: Mapping[str, Any]) -> str:
    """Write how a field's value is read and shown."""
    if "code" in entry:
        return f"  return {entry['code']}(g, to);"
    given = f"{entry['with']}, " if "with" in entry else ""
    if "text" in entry:
        return f"  return CALL({entry['text']}, g->device, {given}to->text, sizeof to->text);"
    if "struct" in entry:
        return _from_struct(entry)
    if "field" in entry:
        call = f"  int result = field_value(g, {entry['field']}, &value);"
        return "\n".join(["  u64 value = 0;", call, f"  {_shown(entry)};", "  return result;"])
    name = entry.get("number") or entry["long"]
    kind = "u64" if "long" in entry else "u32"
    lines = [f"  {kind} value = 0;"]
    if entry.get("second"):
        lines.append("  u32 other = 0;")
        pair = "&value, &other" if entry.get("first") else "&other, &value"
        lines.append(f"  int result = CALL({name}, g->device, {pair});")
    else:
        lines.append(f"  int result = CALL({name}, g->device, {given}&value);")
    return "\n".join([*lines, f"  {_shown(entry)};", "  return result;"])


def _from_struct(entry: Mapping[str, Any]) -> str:
    version = f" = {{.version = {entry['version']}}}" if "version" in entry else ""
    lines = [
        f"  {entry['struct']} all{version};",
        f"  int result = CALL({entry['call']}, g->device, &all);",
        "  if (result) return result;",
    ]
    if entry.get("as") == "text":
        lines.append(f'  write_text(to->text, sizeof to->text, "%s", all.{entry["member"]});')
    else:
        lines += [f"  u64 value = all.{entry['member']};", f"  {_shown(entry)};"]
    return "\n".join([*lines, "  return result;"])


def _shown(entry: Mapping[str, Any]) -> str:
    how = entry.get("as", "")
    if how in _SHOWN:
        return _SHOWN[how]
    digits = re.fullmatch(r"(hex|bit)(\d+)", how)
    if digits:
        return f"show_{digits.group(1)}(to, value, {digits.group(2)})"
    return f"show_{how}(to, value)"


def _details() -> Iterator[dict[str, str]]:
    for entry in _table("details.yaml"):
        for label, field in entry.items():
            if isinstance(field, str):
                yield _detail("", label, field)
                continue
            for inner in field:
                for name, one in inner.items():
                    yield _detail(label, name, one)


def _detail(heading: str, label: str, text: str) -> dict[str, str]:
    given, _, unit = text.partition(" in ")
    field, _, tag = given.partition(" as ")
    return {
        "heading": heading,
        "section": _tag(heading),
        "label": label,
        "field": field,
        "tag": tag or _tag(label),
        "unit": unit,
    }


def _tag(label: str) -> str:
    return label.lower().replace(" ", "_")


def _pages() -> dict[str, int]:
    """Give where the library's pages hold the node's folder."""
    layouts = pages_layout.layouts()
    return {
        "magic": pages_layout.MAGIC,
        "layout": pages_layout.VERSION,
        "node": layouts["state"].member("node").offset,
        "node_size": layouts["node"].size,
        "folder": layouts["node"].member("folder").offset,
        "folder_size": layouts["node"].member("folder").size,
    }

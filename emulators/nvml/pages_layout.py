"""The layout of the pages: one structure `state`, of which every part is declared in record.yaml."""

import functools
from collections.abc import Mapping
from typing import Any

from drawplate.emulators.nvml.layout import Layouts, data

MAGIC = 0x4E564D4C
# Raised whenever the layout changes, so that an old library file is not taken for a new one.
VERSION = 1
MOST_DEVICES = 64
MOST_RULES = 64
MOST_ANSWERS = 512
ANSWER_BYTES = 65536
KEPT_EVENTS = 1024


@functools.cache
def device_members() -> Mapping[str, Mapping[str, Any]]:
    """Give the members of a device's record, and where each has its value from."""
    found: Mapping[str, Mapping[str, Any]] = data("record.yaml")["device"]
    return found


# A power of two, so that a handle is resolved without a division.
SLOT_BYTES = 65536


def _spare(members: list[str]) -> int:
    record = Layouts({**data("structs.yaml"), **data("record.yaml")["types"], "gpu": members})[
        "gpu"
    ]
    return SLOT_BYTES - 8 - 8 * (128 + 16 + 128) - 2 * record.size


@functools.cache
def layouts() -> Layouts:
    """Give all structures: those of NVML, those of the pages, and `state`, which is all pages."""
    record = data("record.yaml")
    members = []
    for name, entry in device_members().items():
        kind, _, count = entry["type"].partition("(")
        members.append(f"{kind} {name}" + (f"({count}" if count else ""))
    return Layouts(
        {
            **data("structs.yaml"),
            **record["types"],
            "gpu": members,
            "node": record["node"],
            "header": record["header"],
            "event": record["event"],
            "rule": record["rule"],
            "answer": record["answer"],
            "node_slot": ["u32 number", "u32 unused", "node copies(2)"],
            "rule_set": ["u32 count", "u32 unused", f"rule rules({MOST_RULES})"],
            "rules_slot": ["u32 number", "u32 unused", "rule_set copies(2)"],
            "answer_set": [
                "u32 count",
                "u32 unused",
                f"answer answers({MOST_ANSWERS})",
                f"u8 bytes({ANSWER_BYTES})",
            ],
            "answers_slot": ["u32 number", "u32 unused", "answer_set copies(2)"],
            "gpu_slot": [
                "u32 number",
                "u32 unused",
                # Nothing is in these but addresses: handles of what is on the device.
                "u64 mig(128)",
                "u64 gi(16)",
                "u64 ci(128)",
                "gpu copies(2)",
                f"u8 spare({_spare(members)})",
            ],
            "state": [
                "header header",
                "u32 structure",
                "u32 spare",
                "node_slot node",
                "rules_slot rules",
                "answers_slot answers",
                f"event events({KEPT_EVENTS})",
                f"gpu_slot devices({MOST_DEVICES})",
            ],
        }
    )

"""What the pages tell of call rules: which functions answer something else, to whom, how often."""

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

from drawplate.emulators.nvml import pages_layout
from drawplate.emulators.nvml.table import codes, functions
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import CallRule

SURFACE = "nvml"
_ALL = 0xFFFFFFFF


def own_rules(rules: Sequence[CallRule]) -> list[CallRule]:
    """Give the rules that concern NVML, as many as the pages hold."""
    return [rule for rule in rules if rule.surface == SURFACE][: pages_layout.MOST_RULES]


def numbers_of(call: str) -> list[int]:
    """Give the functions that a glob means; `DeviceGet*` stands for `nvmlDeviceGet*`."""
    globs = (call, f"nvml{call}")
    return [
        one.number
        for name, one in functions().items()
        if any(fnmatch.fnmatchcase(name, glob) for glob in globs)
    ]


def code_of(result: str | None) -> int:
    """Give the number of a return code, by name or number. Raises Refused(INVALID)."""
    if result is None:
        return 0
    name = result.removeprefix("NVML_ERROR_").removeprefix("NVML_")
    if name in codes():
        return codes()[name][0]
    if result.isdigit():
        return int(result)
    raise Refused(Reason.INVALID, f"NVML has no return code {result!r}")


def rule_set(rules: Mapping[int, CallRule], records: Sequence[str]) -> bytearray:
    """Give the bytes of `rule_set` for rules by number, of which none may ever be used again."""
    layouts = pages_layout.layouts()
    whole, record = layouts["rule_set"], layouts["rule"]
    buffer = bytearray(whole.size)
    start = whole.member("rules").offset
    for place, (number, rule) in enumerate(rules.items()):
        for name, value in _values(rule, records, number).items():
            layouts.put(buffer, start + place * record.size, record.member(name), value)
    layouts.put(buffer, 0, whole.member("count"), len(rules))
    return buffer


def _values(rule: CallRule, records: Sequence[str], number: int) -> dict[str, Any]:
    words = [0] * 16
    for function in numbers_of(rule.call):
        words[function // 32] |= 1 << function % 32
    return {
        "functions": words,
        # A device that is no GPU of NVIDIA's has no record: the rule then concerns nobody.
        "device": _ALL
        if rule.device is None
        else records.index(rule.device)
        if rule.device in records
        else _ALL - 1,
        "result": _code_or_unknown(rule.result),
        "delay_us": rule.delay_ms * 1000,
        "number": number,
        "after": rule.after,
        "count": _ALL if rule.count is None else rule.count,
        "container": rule.container or "",
    }


def _code_or_unknown(result: str | None) -> int:
    try:
        return code_of(result)
    except Refused:
        return Reason.UNKNOWN.nvml

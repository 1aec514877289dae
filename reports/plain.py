"""Text of strangers made safe to show: nothing hidden in it, and no more of it than fits.

Drivers, runtimes and kernels write what they like. A report must show it on a terminal, in XML
and in HTML without being changed, broken or flooded by it.
"""

import re

# Colours and cursor moves of terminals say nothing in a report.
_ESCAPE_SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")

# What XML 1.0 forbids (its production Char), all other controls except tab and newline, and the
# marks that reorder text for the eye (Unicode bidirectional controls).
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)

_MINUTE = 60


def visible(text: str) -> str:
    """Give the text with escape sequences removed and hidden characters spelt out."""
    text = _ESCAPE_SEQUENCES.sub("", text.replace("\r\n", "\n"))
    return _UNSEEN.sub(lambda match: _spell(match.group()), text)


def _spell(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 1 << 8 else f"\\u{code:04x}"


def clip(text: str, limit: int) -> str:
    """Give at most `limit` characters of the text and say how many are missing."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit} more characters)"


def duration(seconds: float) -> str:
    """Give a duration as people say it: `12 ms`, `3.4 s`, `2 min 05 s`, `1 h 02 min`."""
    if round(seconds, 3) < 1:
        return f"{seconds * 1000:.0f} ms"
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    if minutes < _MINUTE:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // _MINUTE} h {minutes % _MINUTE:02d} min"

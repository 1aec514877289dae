"""The control socket's language: one JSON document per line, each way.

    > {"op": "set", "args": {"device": "gpu3", "values": {"temperature.gpu": 85}}}
    < {"ok": true, "result": {"generation": 12}}
    < {"ok": false, "what": "there is no device 'gpu9'; …", "where": "", "cure": ""}

An operation that streams answers `{"ok": true, "stream": true}` first, then one line
`{"item": …}` per item until either side closes, or `{"end": true}`.
"""

import json
from io import BufferedIOBase
from typing import Any

# A request is small; whatever is longer is not one. Bytes.
MAX_LINE = 4 * 2**20


def encode(document: Any) -> bytes:
    """Give one line."""
    return json.dumps(document, separators=(",", ":"), default=str).encode() + b"\n"


def read_line(stream: BufferedIOBase) -> Any:
    """Give the next document, or None at the end. Raises ValueError for anything else."""
    line = stream.readline(MAX_LINE)
    if not line:
        return None
    if not line.endswith(b"\n"):
        raise ValueError("a line is cut short, or too long")
    return json.loads(line)

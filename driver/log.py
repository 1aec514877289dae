"""Logs as JSON lines on standard error: time, level, message, and what the caller adds."""

import json
import logging
import os
import sys
from datetime import UTC, datetime

# gRPC's C core writes plain lines to standard error, unless it is told so before it is imported;
# what it has to report comes as exceptions too.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Formats one record as one JSON object; fields given by `extra=` come along."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, without the newline."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        line.update((key, value) for key, value in vars(record).items() if key not in _STANDARD)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def set_up(level: str) -> None:
    """Send all logs of the process to standard error, as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    # Their debug lines are about every file event and connection, ours say what matters.
    for noisy in ("watchfiles", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

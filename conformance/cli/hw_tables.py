"""Tables for people at a terminal, plain columns for pipes, JSON for programs."""

import json
import sys
from collections.abc import Sequence
from typing import Any


def print_table(titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows under their titles; the last column may be long."""
    texts = [[_text(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich(titles, texts)
        return
    widths = [max(map(len, column)) for column in zip(titles, *texts, strict=True)]
    for row in ([*titles], *texts):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def print_json(document: Any) -> None:
    """Print a document as JSON."""
    print(json.dumps(document, indent=1, default=str))


def _print_rich(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for title in titles[:-1]:
        table.add_column(title, no_wrap=True)
    table.add_column(titles[-1], overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)


def _text(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, list | dict | bool):
        return json.dumps(value)
    return str(value)

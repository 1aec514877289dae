"""The boards in a terminal, drawn anew whenever something changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from drawplate.emulators.watch.board import Board
from drawplate.emulators.watch.follower import Follower, Holders
from drawplate.emulators.watch.rows import Row, rows

# Faster than that nobody reads. Per second.
FRAMES = 4

EVENTS_SHOWN = 8

_BLOCKS = " ▁▂▃▄▅▆▇█"
_STYLES = {"fine": "green", "fault": "yellow", "lost": "bold red", "absent": "dim"}
_SPARKS = 20
_HOT = 80


def watch(follower: Follower, holders: Holders, console: Console) -> None:
    """Draw until interrupted; without a terminal, print each change as a line instead."""
    if not console.is_terminal:
        _print_lines(follower)
        return
    version = -1
    with Live(console=console, auto_refresh=False, screen=True) as live:
        while True:
            version = follower.wait(version, 60.0)
            held = holders()
            with follower.lock:
                picture = draw(list(follower.boards.values()), held)
            live.update(picture, refresh=True)
            # What changes meanwhile is in the next picture.
            follower.pause(1 / FRAMES)


def draw(boards: Sequence[Board], held: Mapping[str, Mapping[str, str]]) -> RenderableType:
    """Give the picture of all nodes."""
    parts: list[RenderableType] = []
    for board in boards:
        parts += [_table(board, held.get(board.name, {})), _events(board)]
    return Group(*parts)


def _table(board: Board, held: Mapping[str, str]) -> Table:
    state = f"generation {board.generation}" if board.alive else "does not answer"
    table = Table(title=f"{board.name}: {board.machine or '?'}, {state}", title_justify="left")
    for title in ("device", "product", "state", "load", "", "memory", "°C", "W", "held by"):
        table.add_column(title, no_wrap=title not in {"state", "held by"})
    for row in rows(board, held):
        table.add_row(*_cells(row), style="dim" if row.condition == "absent" else None)
    return table


def _cells(row: Row) -> list[RenderableType]:
    load = "" if row.utilisation is None else f"{row.utilisation:3d}%"
    memory = "" if row.memory is None else f"{row.memory[0]:,} / {row.memory[1]:,} MiB"
    state = ", ".join(row.faults) or " ".join(filter(None, (row.condition, row.detail)))
    heat = "" if row.temperature is None else str(row.temperature)
    return [
        row.name,
        row.product,
        Text(state, style=_STYLES[row.condition]),
        load,
        Text(spark(row.history), style="cyan"),
        memory,
        Text(heat, style="red" if heat and int(heat) >= _HOT else ""),
        "" if row.watts is None else f"{row.watts:.0f}",
        "\n".join(filter(None, (row.holder, *row.processes))),
    ]


def spark(history: Sequence[int]) -> str:
    """Give the last samples (percent) as a row of blocks."""
    last = history[-_SPARKS:]
    return "".join(_BLOCKS[min(8, round(percent / 100 * 8))] for percent in last)


def _events(board: Board) -> Text:
    lines = [describe(event) for event in list(board.events)[-EVENTS_SHOWN:]]
    return Text("\n".join(lines), style="dim")


def describe(event: Mapping[str, Any]) -> str:
    """Give an event as a line."""
    data = " ".join(f"{key}={value}" for key, value in event["data"].items())
    return " ".join(filter(None, (event["name"], event["device"] or "", data)))


def _print_lines(follower: Follower) -> None:
    version, told = -1, dict.fromkeys(follower.boards, 0)
    while True:
        version = follower.wait(version, 60.0)
        with follower.lock:
            for name, board in follower.boards.items():
                for event in board.since(told[name]):
                    print(f"{name}: {describe(event)}", flush=True)
                told[name] = board.told

"""The picture of a machine as an SVG: boxes for memory nodes, roots and switches, cards within."""

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from drawplate.emulators.machine.picture.scene import Branch, Card, Link, Memory, Scene

# Pixels. A character of the texts is at most so wide in any common font of their size.
_CHARACTER = 7.2
_LINE = 17
_PAD = 12
_TITLE = 24
_LEAST_CARD = 150
_CELL = 64
_MARGIN = 20
_HEAD = 58


@dataclass(slots=True)
class Box:
    """A rectangle with texts, and boxes within; `x` and `y` are relative to the picture."""

    kind: str
    texts: tuple[str, ...]
    width: float
    height: float
    x: float = 0
    y: float = 0
    boxes: list["Box"] = field(default_factory=list)
    marked: bool = False


def svg_of(scene: Scene) -> str:
    """Draw a machine. Colours follow the reader's choice of light or dark."""
    card = max((_card_width(one) for memory in scene.memories for one in _cards(memory)), default=0)
    across = 4 if len(scene.memories) == 1 else 2
    boxes = [_memory(one, card, across) for one in scene.memories]
    width, height = _flow(boxes, 2, _PAD)
    links = [_link(one, width) for one in scene.links]
    width = max([width, *(one.width for one in links), _CHARACTER * len(scene.about)])
    for box in links:
        box.y, box.width = height + _PAD, width
        height += _PAD + box.height
    for box in (*boxes, *links):
        _move(box, _MARGIN, _HEAD)
    return _template().render(
        scene=scene,
        boxes=[flat for box in (*boxes, *links) for flat in _flat(box)],
        grids=[(one, box) for one, box in zip(scene.links, links, strict=True) if one.grid],
        width=width + 2 * _MARGIN,
        height=_HEAD + height + _MARGIN,
        line=_LINE,
        pad=_PAD,
        title=_TITLE,
        cell=_CELL,
    )


def _memory(memory: Memory, card: float, across: int) -> Box:
    return _around("memory", memory.title, [_branch(one, card, across) for one in memory.branches])


def _branch(branch: Branch, card: float, across: int) -> Box:
    inner = [_branch(one, card, across) for one in branch.branches]
    kind = "switch" if branch.title.startswith("switch") else "root"
    if branch.cards:
        lines = max(len(one.lines) for one in branch.cards)
        cards = [_card(one, card, lines) for one in branch.cards]
        width, height = _flow(cards, across, _PAD)
        inner.append(Box("group", (), width, height, boxes=cards))
    return _around(kind, branch.title, inner)


def _around(kind: str, title: str, inner: list[Box]) -> Box:
    width, height = _flow(inner, 1, _PAD)
    for box in inner:
        _move(box, _PAD, _TITLE + _PAD)
    width = max(width, _CHARACTER * len(title))
    return Box(kind, (title,), width + 2 * _PAD, height + _TITLE + 2 * _PAD, boxes=inner)


def _card(card: Card, width: float, lines: int) -> Box:
    kind = card.family if card.plugged else "unplugged"
    height = _LINE * (lines + 1) + _PAD
    return Box(kind, (card.name, *card.lines), width, height, marked=card.connected)


def _link(link: Link, width: float) -> Box:
    rows, columns = len(link.grid), max((len(row) for row in link.grid), default=0)
    wide = max(width, _CHARACTER * len(link.title) + 4 * _PAD, columns * _CELL + 2 * _PAD)
    return Box("link", (link.title,), wide, _TITLE + _PAD + rows * _CELL, marked=True)


def _card_width(card: Card) -> float:
    longest = max(len(text) for text in (card.name, *card.lines))
    return max(_LEAST_CARD, _CHARACTER * longest + 2 * _PAD)


def _cards(part: Memory | Branch) -> list[Card]:
    own = list(part.cards) if isinstance(part, Branch) else []
    return own + [card for branch in part.branches for card in _cards(branch)]


def _flow(boxes: list[Box], across: int, gap: float) -> tuple[float, float]:
    """Lay boxes in rows of so many; give the width and height of all."""
    columns = [boxes[at::across] for at in range(across)]
    widths = [max((box.width for box in column), default=0) for column in columns]
    top = 0.0
    for start in range(0, len(boxes), across):
        row = boxes[start : start + across]
        height = max(box.height for box in row)
        left = 0.0
        for box, width in zip(row, widths, strict=False):
            _move(box, left, top)
            # Boxes of a row and of a column have the same size, so that edges meet.
            box.width, box.height = width, height
            left += width + gap
        top += height + gap
    used = [width for width in widths if width]
    return sum(used) + gap * max(0, len(used) - 1), max(0.0, top - gap)


def _move(box: Box, right: float, down: float) -> None:
    box.x += right
    box.y += down
    for inner in box.boxes:
        _move(inner, right, down)


def _flat(box: Box) -> list[Box]:
    return [box, *(one for inner in box.boxes for one in _flat(inner))]


@cache
def _template() -> Template:
    text = (files("drawplate.emulators.machine.picture") / "machine.svg.j2").read_text("utf-8")
    environment = Environment(
        undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)

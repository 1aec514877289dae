"""The picture of a machine in a terminal: a tree from memory nodes down to devices."""

from rich.markup import escape
from rich.tree import Tree

from drawplate.emulators.machine.picture.scene import Branch, Card, Scene

_COLOURS = {"gpu": "green", "tpu": "cyan", "nic": "magenta"}


def tree_of(scene: Scene) -> Tree:
    """Give the tree, to be printed by rich."""
    about = f"  {escape(scene.about)}" if scene.about else ""
    tree = Tree(f"[bold]{escape(scene.title)}[/]{about}", guide_style="dim")
    for memory in scene.memories:
        below = tree.add(f"[bold]{escape(memory.title)}[/]")
        for branch in memory.branches:
            _grow(below, branch)
    for link in scene.links:
        below = tree.add(f"[bold]{escape(link.title)}[/]")
        for row in link.grid:
            below.add("[cyan]" + " ─ ".join(row) + "[/]")
    return tree


def _grow(tree: Tree, branch: Branch) -> None:
    below = tree.add(escape(branch.title))
    for inner in branch.branches:
        _grow(below, inner)
    for card in branch.cards:
        below.add(_leaf(card))


def _leaf(card: Card) -> str:
    name = f"[bold {_COLOURS[card.family]}]{escape(card.name)}[/]"
    text = "  ".join(escape(line) for line in card.lines)
    return f"{name}  {text}" if card.plugged else f"[dim]{escape(card.name)}  {text}[/]"

"""Puts the contributions to a tree together, and tells when a change needs them again."""

from typing import TYPE_CHECKING

from drawplate.emulators.tree.model import Contributor, Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.change import Changes
    from drawplate.emulators.state.model import State


def build(state: "State", contributions: tuple[Contributor, ...]) -> Tree:
    """Give the tree of the state as it is now; later contributions win over earlier ones."""
    tree = Tree()
    for module in contributions:
        module.contribute(state, tree)
    return tree


def structural(changes: "Changes", contributions: tuple[Contributor, ...]) -> bool:
    """Tell whether paths came or went, and not only contents changed."""
    if changes.structural:
        return True
    changed = {key for values in changes.sets.values() for key in values}
    return any(changed & module.STRUCTURE for module in contributions)

"""States of shipped machines and their mounted trees, as the tests of trees have them."""

from drawplate.emulators.tests.tree.conftest import show, states

__all__ = ["show", "states"]

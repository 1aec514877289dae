"""Variants: one driver in another mode, as an overlay on its profile."""

from typing import Any

from drawplate.conformance.profile.yamltree import Tree


def merge_variant(tree: Tree, index: int) -> Tree:
    """Give `tree` with the overlay of its variant number `index` laid over it.

    Mappings are merged key by key, everything else is replaced; null removes a key. The spots of
    what the overlay brings are those of the overlay.
    """
    root = ("variants", index, "overlay")
    merged = _merge(tree.data, tree.data["variants"][index]["overlay"])
    laid = {path[len(root) :]: spot for path, spot in tree.spots.items() if path[:3] == root}
    laid.pop((), None)
    return Tree(merged, tree.spots | laid)


def _merge(below: Any, above: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    merged = dict(below)
    for key, value in above.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(below.get(key), value)
    return merged

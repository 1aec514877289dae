"""Tells, as JSON, where this installation lies and where it looks for what the cache may hold."""

import json
import sys
from pathlib import Path

from drawplate.fixtures.clusters.components.get import slot_of
from drawplate.fixtures.clusters.components.versions import shipped
from drawplate.fixtures.images.cache import slot_for
from drawplate.fixtures.images.catalogue import PythonRecipe
from drawplate.fixtures.images.catalogue import shipped as shipped_images
from drawplate.fixtures.images.recipes import read_inputs


def slots() -> dict[str, str]:
    """Give the folder in the cache of each component and image by its name."""
    found = {f"component {one.name}": slot_of(one) for one in shipped().components.values()}
    for name, image in shipped_images().images.items():
        # This one holds the metadata of the installation, which is older in an editable one.
        if not isinstance(image.recipe, PythonRecipe):
            recipe = image.model_dump(mode="json")
            found[f"image {name}"] = slot_for(name, recipe, read_inputs(image), (f"{name}.tar",))
    return {name: str(slot.folder) for name, slot in found.items()}


def main() -> int:
    """Print the document."""
    package = Path(__file__).resolve().parents[3]
    print(json.dumps({"package": str(package), "search": sys.path, "slots": slots()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

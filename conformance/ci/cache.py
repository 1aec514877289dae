"""What is worth keeping between the runs of a CI: folders, and the key that says what they hold."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from drawplate.emulators.folders import cache_folder
from drawplate.fixtures.clusters.components.get import slot_of
from drawplate.fixtures.clusters.components.versions import architecture, shipped
from drawplate.fixtures.clusters.kind.image.recipe import shipped as node_recipe
from drawplate.fixtures.clusters.kind.image.slots import image_slot
from drawplate.fixtures.clusters.versions_table import resolve
from drawplate.fixtures.images.cache import slot_for
from drawplate.fixtures.images.catalogue import PythonRecipe
from drawplate.fixtures.images.catalogue import shipped as shipped_images
from drawplate.fixtures.images.recipes import read_inputs

# Not the private container engine: what is in it belongs to a daemon, and is not ours to copy.
KEPT = ("components", "images", "node-images")


def folders() -> list[Path]:
    """Give the folders whose content takes long to make; they may not exist yet."""
    return [cache_folder() / name for name in KEPT]


def key(kubernetes: str, provider: str, height: str) -> str:
    """Give a name that changes when a run of this kind would have to get something else.

    Raises SetupProblem for a version of Kubernetes that is not run.
    """
    version = resolve(kubernetes)
    digest = hashlib.sha256("\n".join(_inputs(version, provider)).encode()).hexdigest()[:16]
    return f"drawplate-{architecture()}-{provider}-{height or 'all'}-{version}-{digest}"


def _inputs(version: str, provider: str) -> Iterator[str]:
    for component in shipped().components.values():
        chosen = component.at(version) if component.has(version) else component
        yield f"{chosen.name} {chosen.version} {slot_of(chosen).digest}"
    for name, image in shipped_images().images.items():
        # Those hold this very package; a vendor's driver needs none of them.
        if not isinstance(image.recipe, PythonRecipe):
            slot = slot_for(name, image.model_dump(mode="json"), read_inputs(image), ())
            yield f"{name} {slot.digest}"
    if provider == "kind":
        yield f"node {image_slot(node_recipe(), version).digest}"

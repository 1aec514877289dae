"""The documents that the clouds' metadata servers answer from: templates over the instance."""

import functools
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import yaml

from drawplate.emulators.metadata.instance import Instance

_FOLDER = Path(str(files("drawplate.emulators"))) / "metadata" / "clouds"


def document(provider: str, instance: Instance) -> Any:
    """Give a cloud's document on an instance."""
    return yaml.safe_load(_template(provider).render(i=instance))


@functools.cache
def _template(provider: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        undefined=jinja2.StrictUndefined,
        # The output is YAML; values are quoted by `tojson`.
        autoescape=False,  # noqa: S701
    )
    return environment.get_template(f"{provider}.yaml.j2")

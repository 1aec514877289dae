"""Inventory files of network-attached devices, for tests."""

import json
from pathlib import Path
from typing import Any


def device(number: int, **more: Any) -> dict[str, Any]:
    """Give one device."""
    base = {"name": f"acc-{number}", "address": f"10.90.0.{number}", "model": "A1"}
    return {**base, "memory": 80 * 2**30, **more}


def pool(name: str, *numbers: int, **more: Any) -> dict[str, Any]:
    """Give one pool with devices of these numbers."""
    return {"name": name, "devices": [device(number) for number in numbers], **more}


def write(folder: Path, *pools: dict[str, Any]) -> Path:
    """Write an inventory as a ConfigMap's volume has it: a link to a link that is swapped."""
    path = folder / "inventory.json"
    versions = len(list(folder.glob("version-*")))
    new = folder / f"version-{versions}"
    new.mkdir()
    (new / "inventory.json").write_text(json.dumps({"pools": pools}))
    (folder / "..data_tmp").symlink_to(new.name)
    (folder / "..data_tmp").rename(folder / "..data")
    if not path.is_symlink():
        path.symlink_to("..data/inventory.json")
    return path

"""Recording: the machine file of a real node, written from what its /sys and its drivers tell."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from drawplate.emulators.located import tuples
from drawplate.emulators.machine.fabric import host_bounds
from drawplate.emulators.machine.file import Machine
from drawplate.emulators.machine.record import places
from drawplate.emulators.machine.record.functions import Function, functions_of, text_of
from drawplate.emulators.machine.record.groups import Redaction, groups_of
from drawplate.emulators.machine.record.models import Models, kind_of
from drawplate.emulators.machine.record.nvml import Asked, ask
from drawplate.emulators.machine.words import devices_in_words
from drawplate.emulators.problems import SetupProblem


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to record, and how."""

    sysfs: Path = Path("/sys")
    nvml: bool = False
    name: str = "recorded"
    keep_identities: bool = False


def record(wanted: Wanted) -> tuple[str, str]:
    """Give the text of a machine file, and what it has in words.

    UUIDs, serial numbers and MAC addresses are left out, and so derived, unless they are wanted.
    Raises SetupProblem when /sys or NVML cannot be read, or there is no device to record.
    """
    functions = functions_of(wanted.sysfs)
    devices = [one for one in functions.values() if _belongs(one)]
    if not devices:
        raise SetupProblem(
            "there is no GPU, TPU or network card to record",
            where=str(wanted.sysfs / "bus/pci/devices"),
            cure="run this on a node that has one",
        )
    asked = ask() if wanted.nvml else Asked({}, {})
    models = Models(asked.gpus)
    redaction = Redaction(wanted.keep_identities, asked.gpus)
    data: dict[str, Any] = {
        "machine": wanted.name,
        "numa": places.memory_nodes(wanted.sysfs),
        "pci": places.roots_of(devices, functions),
        "devices": groups_of(devices, models, redaction),
    }
    data["driver"] = _versions(wanted.sysfs, data["devices"], models, asked)
    data["fabric"] = _fabric(data["devices"], models, asked)
    data["chassis"] = _chassis(wanted)
    data["profiles"] = models.made
    data = {key: value for key, value in data.items() if value}
    machine = _checked(data)
    return yaml.safe_dump(data, sort_keys=False, width=100), devices_in_words(machine)


def _belongs(function: Function) -> bool:
    # Virtual functions are counted with their physical one; a bridge's class is 06.
    return kind_of(function) is not None and not (function.folder / "physfn").exists()


def _versions(
    sysfs: Path, groups: list[dict[str, Any]], models: Models, asked: Asked
) -> dict[str, str]:
    versions = {}
    for group in groups:
        profile = models.profile(group["profile"])
        for key in (profile.driver, profile.runtime):
            if key:
                # Drivers that are part of the kernel often have no version of their own.
                told = asked.versions.get(key) or text_of(sysfs / "module" / key / "version")
                versions[key] = told.split()[0] if told else "unknown"
    return versions


def _fabric(groups: list[dict[str, Any]], models: Models, asked: Asked) -> dict[str, Any]:
    fabric: dict[str, Any] = {}
    nvlink = {one.nvlink for one in asked.gpus.values()}
    if len(asked.gpus) > 1 and len(nvlink) == 1:
        fabric["nvlink"] = nvlink.pop()
    chips = [group for group in groups if group["kind"] == "tpu"]
    if len(chips) == 1:
        axes = models.profile(chips[0]["profile"]).ici_dimensions
        if bounds := host_bounds(chips[0]["count"], axes) if axes else None:
            fabric["ici"] = {"topology": "x".join(map(str, bounds))}
    return fabric


def _chassis(wanted: Wanted) -> dict[str, str]:
    firmware = wanted.sysfs / "class/dmi/id"
    found = {
        "vendor": text_of(firmware / "sys_vendor"),
        "product": text_of(firmware / "product_name"),
    }
    if wanted.keep_identities:
        found["serial"] = text_of(firmware / "product_serial")
        found["asset_tag"] = text_of(firmware / "chassis_asset_tag")
    return {key: value for key, value in found.items() if value}


def _checked(data: dict[str, Any]) -> Machine:
    try:
        return Machine.model_validate(tuples(data))
    except ValidationError as error:
        first = error.errors()[0]
        raise SetupProblem(
            f"this node's hardware does not make a machine file: {first['msg']}",
            where=".".join(str(part) for part in first["loc"]),
            cure="write the file by hand, and report this with what `lspci -tnn` prints",
        ) from None

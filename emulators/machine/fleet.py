"""Fleets: the machine files of several nodes like one machine, each with identities of its own."""

from typing import Any

import yaml
from faker import Faker

from drawplate.emulators.machine.file import Machine
from drawplate.emulators.machine.identity import derived_uuid
from drawplate.emulators.machine.shipped import load, locate
from drawplate.emulators.problems import SetupProblem

MOST_NODES = 1000


def fleet(machine: str, nodes: int, seed: int) -> dict[str, str]:
    """Give the text of each node's machine file, by the machine's new name, `dgx-h100-01`.

    Serial numbers, asset tags, UUIDs and MAC addresses depend on the machine and the seed only,
    and a greater fleet begins like a smaller one. Raises SetupProblem for a wrong machine file
    or number.
    """
    if not 1 <= nodes <= MOST_NODES:
        raise SetupProblem(
            f"a fleet cannot have {nodes} nodes",
            where="--nodes",
            cure=f"give a number from 1 to {MOST_NODES}",
        )
    model = load(machine)
    text = locate(machine).read_text(encoding="utf-8")
    files = {}
    for number in range(1, nodes + 1):
        faker = Faker()
        faker.seed_instance(f"{seed}/{model.machine}/{number}")
        data = _one(yaml.safe_load(text), model, number, seed, faker)
        files[data["machine"]] = yaml.safe_dump(data, sort_keys=False, width=100)
    return files


def _one(
    data: dict[str, Any], model: Machine, number: int, seed: int, faker: Faker
) -> dict[str, Any]:
    data["machine"] = f"{model.machine}-{number:02}"
    data["chassis"] = {
        **model.chassis.model_dump(),
        "serial": faker.bothify("??########", letters="ABCDEFGHJKLMNPRSTUVWXYZ"),
        "asset_tag": faker.numerify("AT-######"),
    }
    for group, known in zip(data.get("devices", []), model.devices, strict=True):
        prefix = model.profile(known.profile).uuid_prefix
        group["uuid"] = [f"{prefix}{faker.uuid4()}" for _ in known.at]
        group["serial"] = [faker.numerify("%############") for _ in known.at]
        if known.netdev:
            own = [
                {**one.model_dump(exclude_none=True), "mac": _mac(faker)} for one in known.netdev
            ]
            group["netdev"] = [_lists(one) for one in own]
    if model.fabric.cluster_uuid == "derived":
        # The nodes are one domain, whatever each of them is called.
        data["fabric"]["cluster_uuid"] = derived_uuid(model.machine, "fleet", seed)
    if model.fabric.ici:
        chips = sum(group.count for group in model.devices if group.kind == "tpu")
        worker = (number - 1) % (model.fabric.ici.chips // chips)
        data["fabric"]["ici"]["worker"] = worker
    return data


def _mac(faker: Faker) -> str:
    # The second digit says: of one station, given by an administrator.
    return "02:" + ":".join(faker.hexify("^^") for _ in range(5))


def _lists(options: dict[str, Any]) -> dict[str, Any]:
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in options.items()
    }

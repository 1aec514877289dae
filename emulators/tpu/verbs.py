"""What can happen to TPU chips: verbs that faults and the control socket share."""

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import NODE, Device
from drawplate.emulators.sysfs.functions import DRIVER


def lose_chip(change: Change, device: Device) -> None:
    """Let a chip fall off the bus: its node goes, and its configuration space reads ones."""
    _require_tpu(device)
    change.set(device, "lost", value=True)
    change.emit("tpu-lost", device.name)


def recover_chip(change: Change, device: Device) -> None:
    """Bring a chip back, with its driver."""
    _require_tpu(device)
    change.set(device, "lost", value=False)
    change.emit("tpu-recovered", device.name)


def follow_losses(change: Change) -> None:
    """Take the driver of chips that are lost, and with it their nodes, and give it back: a rule."""
    for chip in change.state.devices(family="tpu", absent=True):
        if chip["lost"] and chip[DRIVER]:
            change.update(chip, {"driver.before_loss": chip[DRIVER], DRIVER: ""})
        elif not chip["lost"] and chip["driver.before_loss"]:
            change.update(chip, {DRIVER: chip["driver.before_loss"], "driver.before_loss": ""})


def set_ici_link(change: Change, device: Device, link: int, *, up: bool) -> None:
    """Break or mend a link of the interconnect: two for each dimension, by number.

    Raises Refused(OUT_OF_RANGE) when the chip has no such link.
    """
    _require_tpu(device)
    links = 2 * device.spec.profile.ici_dimensions
    if not 0 <= link < links:
        raise Refused(Reason.OUT_OF_RANGE, f"{device.name} has the links 0 to {links - 1}")
    down = set(device["ici.down"]) - {link} if up else {*device["ici.down"], link}
    change.set(device, "ici.down", sorted(down))
    if not up:
        change.set(device, "ici.errors", device["ici.errors"] + 1)
    change.emit("ici-link", device.name, link=link, up=up)


def set_maintenance(change: Change, event: str) -> None:
    """Announce a maintenance of the host: NONE, MIGRATE_ON_HOST_MAINTENANCE, or TERMINATE_….

    Values: the attribute `instance/maintenance-event` of Compute Engine's metadata.
    """
    change.set(NODE, "cloud.maintenance", event)


def _require_tpu(device: Device) -> None:
    if device.spec.family != "tpu":
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} is no TPU")

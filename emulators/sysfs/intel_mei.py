"""The management engine of a discrete Intel GPU: class/mei, through which it is flashed.

Linux Documentation/ABI/testing/sysfs-class-mei; names of the auxiliary device: intel_gsc.c.
"""

from typing import TYPE_CHECKING

from drawplate.emulators.devices import intel, numbers
from drawplate.emulators.devices.binding import driver_of
from drawplate.emulators.sysfs.functions import folder_of

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State
    from drawplate.emulators.tree.model import Tree


def put(state: "State", tree: "Tree") -> None:
    """Put each engine's device below the GPU's auxiliary device, and link it in class/mei."""
    major = numbers.here()[numbers.MEI]
    for number, gpu in intel.engines(state):
        domain, bus, rest = gpu.spec.address.split(":")
        device, _, function = rest.partition(".")
        location = int(bus, 16) << 8 | int(device, 16) << 3 | int(function)
        name = f"{driver_of(state, gpu)}.mei-gscfi.{int(domain, 16) << 16 | location}"
        parent = f"{folder_of(gpu.spec)}/{name}"
        tree.belongs(parent, gpu.name)
        tree.file(f"{parent}/uevent", "DRIVER=mei_gsc\n", mode=0o644)
        tree.link(f"{parent}/subsystem", "/bus/auxiliary")
        tree.link(f"/bus/auxiliary/devices/{name}", parent)
        tree.link(f"{parent}/driver", "/bus/auxiliary/drivers/mei_gsc.mei-gsc")
        tree.link(f"/bus/auxiliary/drivers/mei_gsc.mei-gsc/{name}", parent)
        path = f"{parent}/mei/mei{number}"
        uevent = f"MAJOR={major}\nMINOR={number}\nDEVNAME=mei{number}\n"
        tree.file(f"{path}/dev", f"{major}:{number}\n")
        tree.file(f"{path}/uevent", uevent, mode=0o644)
        tree.file(f"{path}/dev_state", "ENABLED\n")
        tree.file(f"{path}/fw_status", "00000000\n" * 6)
        tree.file(f"{path}/fw_ver", "0:102.0.0.1234\n" * 3)
        tree.file(f"{path}/kind", "gscfi\n")
        tree.file(f"{path}/trc", "00000000\n")
        tree.link(f"{path}/device", parent)
        tree.link(f"{path}/subsystem", "/class/mei")
        tree.link(f"/class/mei/mei{number}", path)
        tree.link(f"/dev/char/{major}:{number}", path)

"""Virtual functions of SR-IOV: how many a device can have, where they are, what they are called."""

import re

from drawplate.emulators.machine.addresses import later
from drawplate.emulators.machine.groups import Devices
from drawplate.emulators.machine.profiles import Profile

_PORT = re.compile(r"np\d+$")


def most_functions(group: Devices, profile: Profile) -> int:
    """Give how many virtual functions each device of the group can have."""
    if group.sriov is None or group.sriov.total is None:
        return profile.pci.sriov_total
    return group.sriov.total


def first_offset(group: Devices, profile: Profile, address: str) -> int:
    """Give the routing ids from a physical function to its first virtual one.

    Unless the file says otherwise, the virtual functions of a card follow its physical ones,
    those of its first port first.
    """
    if group.sriov and group.sriov.offset:
        return group.sriov.offset
    ports = sum(1 for other in group.at if other[:10] == address[:10])
    port = int(address[11])
    return ports - port + port * most_functions(group, profile)


def addresses_of(group: Devices, profile: Profile, address: str) -> tuple[str | None, ...]:
    """Give where all virtual functions of a device would be; None is after the last bus."""
    stride = group.sriov.stride if group.sriov else 1
    offset = first_offset(group, profile, address)
    return tuple(
        _later(address, offset + stride * number)
        for number in range(most_functions(group, profile))
    )


def netdev_name(parent: str, number: int) -> str:
    """Give the name of a virtual function's interface, as udev names it after its port.

    systemd.net-naming-scheme: `enp27s0f0np0` has `enp27s0f0v0`, as `v` takes the place of `np`.
    """
    return f"{_PORT.sub('', parent)}v{number}"


def rdma_name(parent: str, number: int) -> str:
    """Give the name of a virtual function's RDMA device: the parent's with `v` and its number."""
    return f"{parent}v{number}"


def _later(address: str, functions: int) -> str | None:
    try:
        return later(address, functions)
    except ValueError:
        return None

"""What must hold between a machine's devices: models, numbers, names, virtual functions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drawplate.emulators.located import Place, require
from drawplate.emulators.machine.groups import MOST_NETDEV
from drawplate.emulators.machine.virtual import (
    addresses_of,
    most_functions,
    netdev_name,
    rdma_name,
)

if TYPE_CHECKING:
    from drawplate.emulators.machine.file import Machine


def check_profiles(machine: "Machine") -> None:
    """Refuse a group whose model is unknown or of another kind."""
    known = machine.known_profiles()
    for number, group in enumerate(machine.devices):
        require(
            group.profile in known,
            f"unknown profile {group.profile!r}",
            f"write one of {', '.join(known)}",
            key=("devices", number, "profile"),
        )
        kind = machine.profile(group.profile).kind
        require(
            group.kind == kind,
            f"profile {group.profile!r} is of kind {kind!r}, not {group.kind!r}",
            f"write `kind: {kind}`",
            key=("devices", number, "kind"),
        )


def check_versions(machine: "Machine") -> None:
    """Refuse a machine that does not say which drivers it has."""
    for group in machine.devices:
        profile = machine.profile(group.profile)
        for key in (profile.driver, profile.runtime):
            require(
                key is None or key in machine.driver,
                f"profile {group.profile!r} needs a version of {key!r}",
                f"add `{key}: VERSION` to `driver`",
                key="driver",
            )


def check_counts(machine: "Machine") -> None:
    """Refuse a number of devices that no host of this model has."""
    counts: dict[str, int] = {}
    for number, group in enumerate(machine.devices):
        count = counts[group.profile] = counts.get(group.profile, 0) + group.count
        allowed = machine.profile(group.profile).per_host
        last = all(other.profile != group.profile for other in machine.devices[number + 1 :])
        require(
            not last or not allowed or count in allowed,
            f"a host has {' or '.join(map(str, allowed))} of {group.profile!r}, not {count}",
            "give it a number that exists",
            key=("devices", number, "count"),
        )


def check_identities(machine: "Machine") -> None:
    """Refuse a UUID, or a serial number, that two devices have."""
    for what in ("uuid", "serial"):
        seen: set[str] = set()
        for number, group in enumerate(machine.devices):
            own = set(getattr(group, what))
            require(
                not own & seen,
                f"two devices have the {what} {min(own & seen, default='')}",
                f"give each device a {what} of its own",
                key=("devices", number, what),
            )
            seen |= own


def check_network(machine: "Machine") -> None:
    """Refuse an interface, or an RDMA device, of what is no network card, and a MAC twice."""
    seen: set[str] = set()
    for number, group in enumerate(machine.devices):
        for what in ("netdev", "rdma"):
            require(
                group.kind == "nic" or not getattr(group, what),
                f"a device of kind {group.kind!r} has no {what}",
                f"remove `{what}`",
                key=("devices", number, what),
            )
        for at, one in enumerate(group.netdev):
            require(
                one.mac not in seen,
                f"two interfaces have the MAC address {one.mac}",
                "give each an address of its own, or leave `mac` out",
                key=("devices", number, "netdev", at),
            )
            seen |= {one.mac} if one.mac else set()


def check_names(machine: "Machine") -> None:
    """Refuse two interfaces, or two RDMA devices, of one name, and names that are too long.

    Those of virtual functions count too, of all that there can be.
    """
    for what in ("netdev", "rdma"):
        seen: set[str] = set()
        for number, group in enumerate(machine.devices):
            most = most_functions(group, machine.profile(group.profile))
            for at, one in enumerate(getattr(group, what)):
                place = ("devices", number, what, at)
                for name in _names(what, one.name, most):
                    _check_name(what, name, seen, place)


def _names(what: str, parent: str, most: int) -> Iterator[str]:
    yield parent
    name = netdev_name if what == "netdev" else rdma_name
    for number in range(most):
        yield name(parent, number)


def _check_name(what: str, name: str, seen: set[str], place: Place) -> None:
    require(
        name not in seen,
        f"two {'interfaces' if what == 'netdev' else 'RDMA devices'} would be called {name!r}",
        "give each a name of its own",
        key=place,
    )
    seen.add(name)
    require(
        what != "netdev" or len(name) <= MOST_NETDEV,
        f"a virtual function's interface would be {name!r}, of more than {MOST_NETDEV} characters",
        "shorten the name of the physical interface",
        key=place,
    )


def check_virtual_functions(machine: "Machine") -> None:
    """Refuse more virtual functions than there can be, and places that others have."""
    taken = {address for group in machine.devices for address in group.at}
    for number, group in enumerate(machine.devices):
        profile = machine.profile(group.profile)
        most = most_functions(group, profile)
        num = group.sriov.num if group.sriov else 0
        require(
            num <= most,
            f"sriov.num is {num}, but {group.profile!r} has at most {most} virtual functions",
            "write a smaller `num`, or a greater `total`",
            key=("devices", number, "sriov", "num"),
        )
        require(
            not num or profile.pci.virtual_function in machine.known_profiles(),
            f"profile {group.profile!r} names no profile of its virtual functions",
            "add `virtual_function: PROFILE` to the profile's `pci`, or write `num: 0`",
            key=("devices", number, "sriov"),
        )
        for at, address in enumerate(group.at):
            for one in addresses_of(group, profile, address):
                _check_virtual(address, one, taken, ("devices", number, "at", at))


def _check_virtual(parent: str, address: str | None, taken: set[str], place: Place) -> None:
    require(
        address is not None and address[:7] == parent[:7],
        f"the virtual functions of {parent} do not fit on its bus",
        "write a smaller `total`, `offset` or `stride` in `sriov`",
        key=place,
    )
    require(
        address not in taken,
        f"a virtual function of {parent} would be at {address}, where another device is",
        "move one of the two, or write another `sriov.offset`",
        key=place,
    )
    taken.add(str(address))

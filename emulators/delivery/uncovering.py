"""The kernel's own /sys for one process of a node that shows emulated hardware."""

from drawplate.emulators.delivery.mounting import (
    NEW_MOUNTS,
    PRIVATE,
    RECURSIVE,
    detach,
    kinds_at,
    mount,
    unshare,
)

SYS = "/sys"


def uncover_sys() -> None:
    """Give this process the kernel's own /sys, in a copy of its mount namespace.

    All else that is mounted in one of the two namespaces appears in the other. Raises `OSError`.
    """
    unshare(NEW_MOUNTS)
    # Else what is unmounted here would be unmounted for the node too.
    mount("", SYS, flags=PRIVATE | RECURSIVE)
    while kinds_at(SYS)[-1:] not in ([], ["sysfs"]):
        detach(SYS)
    # Also when the hardware is shown only later, it stays away.
    mount("", SYS, flags=PRIVATE | RECURSIVE)

"""Why emulated hardware or its kernel driver says no, in one vocabulary for all its interfaces."""

import errno
from enum import Enum


class Reason(Enum):
    """One reason; NVML, sysfs and the control socket each have their own word for it.

    The numbers are those of nvmlReturn_t (nvml.h 13.3) and errno(3).
    """

    NOT_SUPPORTED = (3, errno.EOPNOTSUPP)
    INVALID = (2, errno.EINVAL)
    OUT_OF_RANGE = (2, errno.ERANGE)
    NOT_FOUND = (6, errno.ENOENT)
    IN_USE = (19, errno.EBUSY)
    NO_CAPACITY = (23, errno.ENOSPC)
    NO_PERMISSION = (4, errno.EACCES)
    LOST = (15, errno.ENODEV)
    RESET_REQUIRED = (16, errno.EIO)
    NOT_READY = (27, errno.EAGAIN)
    IO = (999, errno.EIO)
    TIMEOUT = (10, errno.ETIMEDOUT)
    MEMORY = (20, errno.ENOMEM)
    EXISTS = (19, errno.EEXIST)
    UNKNOWN = (999, errno.EPROTO)

    def __init__(self, nvml: int, number: int) -> None:
        """Keep the code of each interface."""
        self.nvml = nvml
        self.errno = number


class Refused(Exception):
    """Something was asked that this hardware does not do, or not now. Nothing was changed."""

    def __init__(self, reason: Reason, text: str = "") -> None:
        """Keep the reason, and one sentence for people."""
        super().__init__(text or reason.name.lower().replace("_", " "))
        self.reason = reason

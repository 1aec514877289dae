"""What devices are called: derived from the machine, the node and the place, so always the same."""

import hashlib
import uuid

# Namespace of the UUIDs that are derived; any fixed value serves.
_NAMESPACE = uuid.UUID("6f1d3a52-7c0e-5a34-9d7e-2f8b6c40e915")

_FIRST_SERIAL = 10**12


def derived_uuid(*parts: object) -> str:
    """Give the UUID of whatever these parts name."""
    return str(uuid.uuid5(_NAMESPACE, _digest(parts).hexdigest()))


def derived_serial(*parts: object) -> str:
    """Give a serial number of 13 digits, as boards carry them; the first is not zero."""
    number = int(_digest(("serial", *parts)).hexdigest(), 16)
    return str(_FIRST_SERIAL + number % (9 * _FIRST_SERIAL))


def _digest(parts: tuple[object, ...]) -> "hashlib._Hash":
    return hashlib.sha256("/".join(str(part) for part in parts).encode())

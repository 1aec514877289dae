"""PCI addresses as sysfs writes them, `0000:1b:00.0`, and the arithmetic of functions."""

from typing import Annotated

from drawplate.emulators.located import written

# Domain, bus, device and function. Domains above ffff exist (VMD) but never hold these devices.
Address = Annotated[str, written(r"[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]", "0000:1b:00.0")]

# Two numbers of four digits, `15b3:1021`.
Ids = Annotated[str, written(r"[0-9a-f]{4}:[0-9a-f]{4}", "15b3:1021")]

_LAST_ROUTING_ID = 0xFFFF

# A bus of some domain, `0000:1b`.
Bus = str


def bus_of(address: str) -> Bus:
    """Give the domain and bus."""
    return address[:7]


def bus_number(bus: Bus) -> int:
    """Give the bus without its domain, 0 to 255."""
    return int(bus[5:7], 16)


def later(address: str, functions: int) -> str:
    """Give the address so many functions after this one, as SR-IOV counts them (routing ids).

    Raises ValueError when it would lie above the last bus of the domain.
    """
    number = _routing_id(address) + functions
    if number > _LAST_ROUTING_ID:
        message = f"{functions} functions after {address} there is no bus left"
        raise ValueError(message)
    return f"{address[:4]}:{number >> 8:02x}:{number >> 3 & 0x1F:02x}.{number & 7}"


def function_addresses(address: str, functions: int) -> list[str]:
    """Give the addresses of the functions of one device, this one first."""
    return [f"{address[:11]}{int(address[11]) + number}" for number in range(functions)]


def _routing_id(address: str) -> int:
    bus, device, function = address[5:7], address[8:10], address[11]
    return int(bus, 16) << 8 | int(device, 16) << 3 | int(function)

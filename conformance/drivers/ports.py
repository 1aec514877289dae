"""Free ports for a driver, one for each {port:NAME} of its profile."""

import socket
from collections.abc import Iterator

from drawplate.conformance.profile.deployment import Process
from drawplate.conformance.profile.placeholders import mentioned


def choose_ports(process: Process) -> dict[str, str]:
    """Give a value for each port placeholder.

    The ports are free now. Nothing holds them until the driver listens, so in the worst case
    another program takes one, and the driver says so in its log.
    """
    return {f"port:{name}": str(_free_port()) for name in sorted(set(_names(process)))}


def _names(process: Process) -> Iterator[str]:
    texts = (
        *process.argv,
        *process.env.values(),
        *process.endpoints.values(),
        *(file.content for file in process.files),
    )
    for text in texts:
        yield from (name for kind, name in mentioned(text) if kind == "port")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])

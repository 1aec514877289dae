"""The port for /metrics and /healthz."""

import socket

from drawplate.emulators.problems import SetupProblem


def listen(address: str, port: int) -> socket.socket:
    """Listen for HTTP; port 0 is any free one. Raises SetupProblem when that is not possible."""
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return socket.create_server((address, port), family=family)
    except (OSError, OverflowError) as error:
        raise SetupProblem(
            f"cannot listen for HTTP: {error}",
            where=f"{address}:{port}",
            cure="give a free --http-port and an --http-address of this machine",
        ) from None

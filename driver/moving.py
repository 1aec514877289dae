"""The program that moves network interfaces into pods: a hook that the container runtime runs.

CDI has `netDevices` for it (1.1.0), but runc moves those for each container that starts: a second
container of a pod, or one that is started again, could not start, since the interface is with the
pod already. The way back needs nobody: when a pod's network namespace ends, the kernel puts its
hardware into the host's.
"""

from importlib.resources import files
from pathlib import Path

from drawplate.driver.replacing import replace_file

_MODE = 0o755
# Longer than the program itself waits. Seconds.
_TIMEOUT = 15


def install(program: Path) -> None:
    """Put the program where the container runtime finds it. Raises OSError."""
    program.parent.mkdir(parents=True, exist_ok=True)
    content = files("drawplate.driver").joinpath("move-interface.sh").read_bytes()
    replace_file(program, content, _MODE, durable=False)


def hook(program: Path, host: str, container: str) -> dict[str, object]:
    """Give the CDI hook that moves the interface `host`, and calls it `container`."""
    return {
        "hookName": "createRuntime",
        "path": str(program),
        "args": [program.name, host, container],
        "timeout": _TIMEOUT,
    }

"""Printing for readers who may go away (`drawplate … | head`): their going changes no exit code."""

import os
import sys
from contextlib import suppress


def tell(text: str) -> None:
    """Print a message for the user on stderr, if anybody still reads there."""
    with suppress(BrokenPipeError):
        print(f"drawplate: {text}", file=sys.stderr, flush=True)


def settle() -> None:
    """Write out what is buffered, before the interpreter does it and complains about a lost reader."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            # What is still buffered can only be written to somewhere else.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)

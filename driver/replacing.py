"""Writes a file so that readers, and a crash at any moment, find either the old or the new content."""

import os
from pathlib import Path


def replace_file(path: Path, content: bytes, mode: int, *, durable: bool) -> None:
    """Put `content` at `path`: a temporary file beside it, written, synced, renamed.

    `durable` also syncs the folder, so that the new content outlives a power loss.
    Raises OSError; the temporary file is then gone and the old content is as it was.
    """
    # Readers of CDI folders only take names that end in .json or .yaml.
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        _write(temporary, content, mode)
        temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in `folder` outlive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes, mode: int) -> None:
    # A leftover of a crash may be a link or have another mode: never write through it.
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(descriptor)

"""Writing the files that a user asked for: whole or not at all, and never over another by mistake."""

from pathlib import Path

from drawplate.emulators.problems import SetupProblem


def write_new(file: Path, text: str, *, replace: bool = False) -> None:
    """Write a file. Raises SetupProblem when it cannot be, or is there and may not be replaced."""
    try:
        with file.open("w" if replace else "x", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise SetupProblem(
            f"the file cannot be written: {error.strerror}",
            where=str(file),
            cure="name a new file in a folder that you may write to",
        ) from error

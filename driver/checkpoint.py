"""The checkpoint: what is prepared, on disk, over restarts, crashes and reboots.

The file is a JSON object: `version`, `checksum` (SHA-256 of the canonical JSON of `claims`) and
`claims` (UID to record). It is replaced as a whole and synced, so a crash leaves the old or the
new one. Policy for a file that is not ours to trust: the driver refuses to start, as it could
otherwise give a device away that is in use. A missing file is not an error: see `Ledger.load`.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drawplate.driver.prepared import PreparedClaim, decode, encode
from drawplate.driver.replacing import replace_file
from drawplate.emulators.problems import SetupProblem

VERSION = 1

Records = Mapping[str, PreparedClaim]


class Checkpoint:
    """Reads and writes the file at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Records | None:
        """Give the records by UID, or None when there is no file.

        Raises SetupProblem when the file is damaged, newer than this driver, or unreadable.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refuse(f"cannot be read: {error.strerror}") from None
        try:
            return self._parse(json.loads(content))
        except ValueError as error:
            raise self._refuse(f"is damaged: {error}") from None

    def save(self, records: Records) -> None:
        """Replace the file. Raises OSError; the old file then still stands."""
        claims = {uid: encode(record) for uid, record in records.items()}
        document = {"version": VERSION, "checksum": _checksum(claims), "claims": claims}
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(self._path, json.dumps(document).encode(), 0o600, durable=True)

    def _parse(self, document: Any) -> Records:
        version = document.get("version") if isinstance(document, dict) else None
        if not isinstance(version, int):
            # A wrong content of the file, not of an argument.
            raise ValueError("it has no version")  # noqa: TRY004
        if version > VERSION:
            raise self._refuse(f"has version {version}, but this driver knows {VERSION} at most")
        claims = document.get("claims")
        if not isinstance(claims, dict) or document.get("checksum") != _checksum(claims):
            raise ValueError("the checksum does not match")
        return {uid: decode(record) for uid, record in claims.items()}

    def _refuse(self, why: str) -> SetupProblem:
        return SetupProblem(
            f"the checkpoint {why}",
            where=str(self._path),
            cure="run the driver version that wrote it; or move the file away, and what is "
            "prepared is taken over from the CDI files",
        )


def _checksum(claims: Any) -> str:
    canonical = json.dumps(claims, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()

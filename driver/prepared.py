"""What is prepared on this node: the records that the checkpoint and the CDI files hold."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from drawplate.driver.device import Edits, decode_edits


class Refusal(Exception):
    """Why one claim cannot be prepared or unprepared; the text goes to the kubelet."""


@dataclass(frozen=True, slots=True)
class ClaimName:
    """A claim as the kubelet names it. Only the UID identifies it: names are used again."""

    uid: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class PreparedDevice:
    """One allocation result, with all that its CDI device needs.

    `request` is `base` or `base/subrequest`. `settings` are the effects of opaque configuration.
    """

    request: str
    pool: str
    device: str
    edits: Edits
    admin_access: bool = False
    share_id: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def base_request(self) -> str:
        """The request's name as containers use it."""
        return self.request.partition("/")[0]

    def excludes(self, other: "PreparedDevice") -> bool:
        """Tell whether two claims cannot both have these: one device, neither shared nor admin."""
        if self.device != other.device or self.admin_access or other.admin_access:
            return False
        return not (self.share_id and other.share_id and self.share_id != other.share_id)


@dataclass(frozen=True, slots=True)
class PreparedClaim:
    """One claim with its devices of this driver."""

    claim: ClaimName
    devices: tuple[PreparedDevice, ...]


def encode(claim: PreparedClaim) -> dict[str, Any]:
    """Give the record as JSON data."""
    return asdict(claim)


def decode(data: Any) -> PreparedClaim:
    """Read what `encode` gave, after a trip through JSON.

    Raises ValueError when keys are missing or unknown; types are the caller's to verify, by a
    checksum or by comparing what is made of the record.
    """
    try:
        devices = tuple(
            PreparedDevice(**{**device, "edits": decode_edits(device["edits"])})
            for device in data["devices"]
        )
        return PreparedClaim(ClaimName(**data["claim"]), devices)
    except (TypeError, KeyError) as error:
        raise ValueError(f"not a prepared claim: {error}") from None

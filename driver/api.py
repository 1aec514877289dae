"""What the driver needs of the API server, and how that fails."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Protocol

Json = Mapping[str, Any]


class ApiError(Exception):
    """The API server refused (`status`), or could not be reached (`status` 0)."""

    def __init__(self, message: str, status: int = 0, *, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed shortly after."""
        return self.status in {0, HTTPStatus.TOO_MANY_REQUESTS} or (
            self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        )


class Api(Protocol):
    """Objects by their path on the API server. All methods raise ApiError."""

    def get(self, path: str, *, query: Mapping[str, str] = ..., budget: float = ...) -> Json:
        """Read an object or a list, trying again within `budget` seconds."""

    def create(self, path: str, body: Json) -> Json:
        """Create an object in the collection `path`; give it as stored."""

    def replace(self, path: str, body: Json) -> Json:
        """Replace an object; give it as stored."""

    def delete(self, path: str, body: Json) -> None:
        """Delete an object; `body` holds the options. One that is gone is no error."""

    def watch(self, path: str, query: Mapping[str, str]) -> Iterator[Json]:
        """Begin a watch; it runs when this returns. Yields until the server ends the stream."""

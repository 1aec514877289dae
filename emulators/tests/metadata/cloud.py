"""A running metadata server, and a way to ask it."""

import http.client
from collections.abc import Callable
from dataclasses import dataclass

from drawplate.emulators.state.model import State


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    text: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Cloud:
    state: State
    host: str
    port: int

    def ask(self, path: str, method: str = "GET", **headers: str) -> Reply:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        answer = connection.getresponse()
        reply = Reply(answer.status, answer.read().decode(), dict(answer.getheaders()))
        connection.close()
        return reply

    def google(self, path: str) -> Reply:
        return self.ask(f"/computeMetadata/v1/{path}", Metadata_Flavor="Google")


Clouds = Callable[..., Cloud]

"""A gRPC channel to a UNIX socket that tells whether it stands, without a thread of its own."""

import threading
import time
from typing import Any

import grpc

CHANNEL_OPTIONS = (
    # Without it gRPC gives a new channel the broken connection, and the back-off, of an old one
    # to the same path: a driver that came back would look dead.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
)
READY: int = grpc.ChannelConnectivity.READY.value[0]
# A watch does not notice that its channel is closed, so it is taken in slices, as grpcio does.
SLICE_SECONDS = 0.2


class Connection:
    """A channel that begins to connect at once and connects again by itself.

    gRPC waits 1 s before the second attempt, then longer, at most 120 s, like the kubelet's.
    """

    def __init__(self, socket: str) -> None:
        self.channel = grpc.insecure_channel(f"unix:{socket}", options=CHANNEL_OPTIONS)
        # The public way to learn the state, `subscribe`, runs a thread that ends with an exception
        # when the channel is closed (grpcio 1.85).
        self._states: Any = self.channel._channel  # noqa: SLF001
        self._closed = threading.Event()
        self._state()

    def _state(self) -> int:
        try:
            return int(self._states.check_connectivity_state(True))  # noqa: FBT003 grpcio's own
        except ValueError:
            return -1

    @property
    def ready(self) -> bool:
        """Say whether the connection stands; if it rests, it begins to connect."""
        return self._state() == READY

    def wait_ready(self, seconds: float) -> bool:
        """Wait until the connection stands, at most `seconds` or until `close`; say if it does."""
        end = time.monotonic() + seconds
        while (state := self._state()) != READY:
            left = end - time.monotonic()
            if left <= 0 or self._closed.is_set():
                return False
            try:
                self._states.watch_connectivity_state(state, time.time() + min(left, SLICE_SECONDS))
            except ValueError:
                return False
        return True

    def close(self) -> None:
        """Close; calls that are under way end with the status "CANCELLED"."""
        self._closed.set()
        self.channel.close()

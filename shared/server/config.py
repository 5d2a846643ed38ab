"""uvicorn's configuration, the same for every process."""

import asyncio
import gc
import time
from collections.abc import MutableMapping
from contextlib import suppress
from contextvars import Context
from email.utils import formatdate
from types import FrameType
from typing import Any, cast

import uvicorn
from uvicorn.server import ServerState

from shared.draining import Draining
from shared.server.http_protocol import HardenedHttpProtocol
from shared.server.websocket_protocol import BoundedWebSocketProtocol

MAX_RECEIVED_BYTES = 1024
"""Bytes of one WebSocket message from a client. Clients mostly receive, and send little."""
PING_SECONDS = 20.0
"""Interval between pings, and timeout of the pong."""


def server_options() -> dict[str, Any]:
    """Arguments of uvicorn.Config."""
    return {
        "http": HardenedHttpProtocol,
        "ws": BoundedWebSocketProtocol,
        "ws_max_size": MAX_RECEIVED_BYTES,
        "ws_ping_interval": PING_SECONDS,
        "ws_ping_timeout": PING_SECONDS,
        "ws_per_message_deflate": False,  # a dictionary for each connection costs more memory than it saves bytes
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "date_header": True,
        "timeout_keep_alive": 75,
        "timeout_graceful_shutdown": 20,
        "proxy_headers": False,
    }


class _State(ServerState):
    """Builds the Date header when it is needed and the second has changed, not by a timer."""

    draining = False
    """Whether each response closes its connection."""

    def __init__(self, config: uvicorn.Config) -> None:
        self._config = config
        self._second = -1
        super().__init__()

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Headers of every response."""
        now = int(time.time())
        if now != self._second:
            date = formatdate(now, usegmt=True).encode()
            self._headers = [(b"date", date), *self._config.encoded_headers]
            self._second = now
        return self._headers

    @default_headers.setter
    def default_headers(self, _: list[tuple[bytes, bytes]]) -> None:
        """Ignored: uvicorn sets it by its timer."""


class Server(uvicorn.Server):
    """uvicorn without its timer of ten ticks a second: idle processes use no CPU.

    The ticks set the Date header and poll `should_exit`. `limit_max_requests` and `callback_notify`, which need them
    too, are not used.

    Told to stop, it drains first: for `drain_seconds` it goes on serving, while each response closes its connection.
    """

    def __init__(self, config: uvicorn.Config, draining: Draining | None = None, drain_seconds: float = 0) -> None:
        self._draining = draining or Draining()
        self._drain_seconds = drain_seconds
        self._force = asyncio.Event()
        self._exit = asyncio.Event()
        self.is_serving = asyncio.Event()
        """Set when the application has started."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._should_exit = False
        super().__init__(config)
        self.server_state = _State(config)

    @property
    def should_exit(self) -> bool:
        """Setting it, from any thread or signal handler, ends `main_loop` at once."""
        return self._should_exit

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        self._should_exit = value
        if value and self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: it has stopped already
                self._loop.call_soon_threadsafe(self._exit.set)

    def start_request(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> asyncio.Task[None]:
        """Run the application for a request of this process, without a connection. The shutdown waits for its end."""
        running: asyncio.Task[None] = asyncio.get_running_loop().create_task(
            self.config.loaded_app(scope, receive, send),
            context=Context(),  # nothing of the caller's, as if it came over a connection
        )
        self.server_state.tasks.add(running)
        running.add_done_callback(self.server_state.tasks.discard)
        return running

    async def main_loop(self) -> None:
        """Wait until told to stop, and drain."""
        self.is_serving.set()
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:  # it may have been set before the loop started
            await self._exit.wait()
        await self._drain()

    async def _drain(self) -> None:
        cast("_State", self.server_state).draining = True
        self._draining.start(self._drain_seconds)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._drain_seconds):
                await self._force.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A second Ctrl-C ends the drain."""
        super().handle_exit(sig, frame)
        if self.force_exit and self._loop is not None:
            self._loop.call_soon_threadsafe(self._force.set)


GC_THRESHOLD = 10_000
"""Allocations before a collection of the youngest generation."""


def freeze_gc() -> None:
    """Call gc.freeze() before serving, so that later collections skip the objects of modules and routes."""
    # Traversing these 100,000 objects stops the process for tens of milliseconds: the p99 of the gateway at 16
    # connections was 38 ms without this, and is 7 ms with it.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 10, 10)

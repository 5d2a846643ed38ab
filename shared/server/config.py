"""How uvicorn serves each of our processes."""

import asyncio
import gc
import time
from contextlib import suppress
from email.utils import formatdate
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from shared.server.http_protocol import HardenedHttpProtocol
from shared.server.websocket_protocol import SendOnlyWebSocketProtocol

MAX_RECEIVED_BYTES = 1024
"""Bytes that a WebSocket client can make us hold before it is cut off; it has nothing to say anyway."""
PING_SECONDS = 20.0
"""How often a WebSocket is pinged, and how long the answer may take."""


def server_options() -> dict[str, Any]:
    """The settings of uvicorn that are the same for all."""
    return {
        "http": HardenedHttpProtocol,
        "ws": SendOnlyWebSocketProtocol,
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
    """What connections share. The Date header is made when it is asked for and the second has changed."""

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
        """What uvicorn sets is made here."""


class Server(uvicorn.Server):
    """uvicorn without its ten ticks a second: it sleeps until a request comes or it is told to stop.

    The ticks set the Date header and look for `should_exit`; `limit_max_requests` and `callback_notify`, which need
    them too, are not used here.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        self._exit = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._should_exit = False
        super().__init__(config)
        self.server_state = _State(config)

    @property
    def should_exit(self) -> bool:
        """Whether it is to stop. Setting it, in any thread or signal handler, ends `main_loop` at once."""
        return self._should_exit

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        self._should_exit = value
        if value and self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: it has stopped already
                self._loop.call_soon_threadsafe(self._exit.set)

    async def main_loop(self) -> None:
        """Wait until told to stop."""
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:  # it may have been set before there was a loop to tell
            await self._exit.wait()


GC_THRESHOLD = 10_000
"""Objects that are made and kept before the collector looks through them."""


def freeze_gc() -> None:
    """For a process that is about to serve: the collector leaves alone from now on what is there.

    A hundred thousand objects of modules and routes stay until the end. To look through them again and again stops
    everything for tens of milliseconds: the gateway's p99 at 16 connections was 38 ms, and is 7 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 10, 10)

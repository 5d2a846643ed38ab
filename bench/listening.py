"""Clients with an open WebSocket, and when each event arrived."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.systems import API

OPENING = 20
"""WebSockets that are opened at the same time."""
OPEN_SECONDS = 60
OnEvent = Callable[[str, str, dict[str, Any], float], None]
"""Takes the token of the client, the name and the data of the event, and when it arrived (`time.perf_counter`)."""


@asynccontextmanager
async def listening(port: int, tokens: Iterable[str], on_event: OnEvent) -> AsyncIterator[None]:
    """One WebSocket for each token is open during the block."""
    free = asyncio.Semaphore(OPENING)

    async def open_one(token: str) -> tuple[str, ClientConnection]:
        async with free:
            return token, await connect(
                f"ws://127.0.0.1:{port}{API}/ws",
                additional_headers={"authorization": f"Bearer {token}"},
                compression=None,
                proxy=None,
                open_timeout=OPEN_SECONDS,
                ping_interval=None,
            )

    async with AsyncExitStack() as stack:
        opened = await asyncio.gather(*map(open_one, tokens))
        for _, connection in opened:
            stack.push_async_callback(connection.close)
        readers = [asyncio.create_task(_read(*each, on_event)) for each in opened]
        yield
        lost = sum(reader.done() for reader in readers)
        if lost:
            raise RuntimeError(f"{lost} WebSockets were closed by the server")


async def _read(token: str, connection: ClientConnection, on_event: OnEvent) -> None:
    try:
        async for text in connection:
            arrived = time.perf_counter()
            message = json.loads(text)
            on_event(token, message["event"], message["data"], arrived)
    except ConnectionClosed:
        return

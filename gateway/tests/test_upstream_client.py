"""The client of the gateway opens WebSockets. How it sends requests: shared/tests/test_http_client.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.exceptions import InvalidStatus

from gateway.upstream.client import Client
from shared.http_client.response import InvalidResponse, ServiceUnreachable
from shared.testing.scripted_service import Behave, once, serving
from shared.testing.waiting import WAIT_SECONDS


@asynccontextmanager
async def started(behave: Behave) -> AsyncIterator[Client]:
    async with serving(behave) as (origin, _):
        client = Client(origin, origin.host, WAIT_SECONDS)
        try:
            yield client
        finally:
            client.close()


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", InvalidStatus),
        (b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n", InvalidResponse),
        (b"SSH-2.0-OpenSSH\r\n", InvalidResponse),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n", InvalidResponse),
        (b"", ServiceUnreachable),
    ],
)
def test_websocket_that_is_not_opened(sent: bytes, error: type[Exception]) -> None:
    async def ask() -> None:
        async with started(once(sent)) as client:
            with pytest.raises(error):
                await client.open_websocket("/ws", [(b"x-request-id", b"a")])

    asyncio.run(ask())


def test_close_ends_handshakes_of_websockets() -> None:
    async def behave(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()

    async def ask() -> None:
        async with started(behave) as client:
            opening = asyncio.create_task(client.open_websocket("/ws", []))
            await asyncio.wait_for(asked.wait(), WAIT_SECONDS)
            client.close()
            with pytest.raises(ServiceUnreachable):
                await asyncio.wait_for(opening, WAIT_SECONDS)

    asked = asyncio.Event()
    asyncio.run(ask())

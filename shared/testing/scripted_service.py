"""A service that sends what a test tells it to, and a client for it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from shared.http_client.client import Client, Origin
from shared.http_client.response import CHUNK_BYTES, Response
from shared.testing.waiting import WAIT_SECONDS

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Service:
    """Records its connections and the requests that it received."""

    def __init__(self, behave: Behave) -> None:
        self._behave = behave
        self.connections = 0
        self.closed = asyncio.Event()
        """Whether a connection was closed by the client."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._behave(reader, writer)
            while await reader.read(CHUNK_BYTES):
                pass
        except ConnectionError:
            pass
        finally:
            self.closed.set()
            writer.close()


@asynccontextmanager
async def serving(behave: Behave, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[Origin, Service]]:
    service = Service(behave)
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield Origin("https" if tls else "http", "127.0.0.1", server.sockets[0].getsockname()[1]), service
    finally:
        server.close()


@asynccontextmanager
async def started(behave: Behave, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[Client, Service]]:
    async with serving(behave, tls) as (origin, service):
        client = Client(origin, origin.host, WAIT_SECONDS)
        try:
            yield client, service
        finally:
            client.close()


def always(*parts: bytes) -> Behave:
    """Answer every request of a connection with these bytes, each part when the one before was sent."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                for part in parts:
                    writer.write(part)
                    await writer.drain()

    return behave


def once(*parts: bytes) -> Behave:
    """Answer one request with these bytes, and close the connection."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
        writer.write_eof()

    return behave


async def body_of(response: Response) -> bytes:
    body = bytearray()
    try:
        while not response.at_end:
            part = await response.read()
            assert len(part) <= CHUNK_BYTES
            body += part
    finally:
        response.release()
    return bytes(body)


async def get(client: Client) -> tuple[int, bytes]:
    async with asyncio.timeout(WAIT_SECONDS):
        response = await client.request("GET", b"/", [])
        return response.status, await body_of(response)


def responses_to(behave: Behave, requests: int = 1) -> tuple[list[tuple[int, bytes]], int]:
    """What consecutive requests are answered, and over how many connections."""

    async def ask() -> tuple[list[tuple[int, bytes]], int]:
        async with started(behave) as (client, service):
            return [await get(client) for _ in range(requests)], service.connections

    return asyncio.run(ask())

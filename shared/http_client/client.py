"""The client of one service: HTTP/1.1, with connections that are kept between requests."""

import asyncio
import ssl
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from socket import SO_RCVBUF, SOCK_STREAM, SOL_SOCKET, socket
from typing import Any
from urllib.parse import urlsplit

from .connection import Connection
from .response import CHUNK_BYTES, Response, ServiceUnreachable

DEFAULT_PORTS = {"http": 80, "https": 443}
KEEP_ALIVE_SECONDS = 5.0
"""How long a connection stays open between two requests: less than a service drains, so that no service closes one at
the very moment at which a request is sent on it."""
Fields = list[tuple[bytes, bytes]]
"""Names and values of headers."""


class NeverSent(ServiceUnreachable):
    """There was no connection on which the request could be sent."""


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port of a service."""

    scheme: str
    host: str
    port: int

    @cached_property
    def authority(self) -> bytes:
        """Host and port, as in `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}").encode()


def origin_of(url: str) -> Origin:
    """Of an http or https URL. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"{url} is not an address such as http://127.0.0.1:8101")
    return Origin(parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme])


class Client:
    """Its connections are bounded by its users. It follows no redirects, and knows no proxies."""

    def __init__(self, origin: Origin, address: str, connect_seconds: float) -> None:
        """`address` is an IP address, or a name that is resolved for every new connection."""
        self._origin = origin
        self._address = address
        self._connect_seconds = connect_seconds
        self._tls = ssl.create_default_context() if origin.scheme == "https" else None
        self._open = set[Connection]()
        self._idle: list[Connection] = []
        """The one that was used last is used first."""
        self._expiry: asyncio.TimerHandle | None = None

    async def request(
        self, method: str, target: bytes, headers: Fields, body: bytes | AsyncIterable[bytes] | None = None
    ) -> Response:
        """Send a request, with headers that fit the body. The response has to be released.

        Raises ServiceUnreachable or InvalidResponse.
        """
        lines = [b"%b %b HTTP/1.1\r\nhost: %b" % (method.encode(), target, self._origin.authority)]
        lines += [b"%b: %b" % field for field in headers]
        head = b"\r\n".join(lines) + b"\r\n\r\n"
        connection = self._kept() or await self._new_connection()
        if isinstance(body, bytes):
            return await connection.send(head + body)
        return await connection.send(head, body, chunked=(b"transfer-encoding", b"chunked") in headers)

    def close(self) -> None:
        """Close all connections: whoever waits for a response there fails."""
        for connection in list(self._open):
            connection.close()

    def _kept(self) -> Connection | None:
        oldest = asyncio.get_running_loop().time() - KEEP_ALIVE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_since > oldest and not connection.is_closing:
                return connection
            connection.close()
        return None

    async def _connect(self) -> socket:
        """A connection to the first of its addresses that accepts one. Raises NeverSent."""
        try:
            async with asyncio.timeout(self._connect_seconds):
                loop = asyncio.get_running_loop()
                found = await loop.getaddrinfo(self._address, self._origin.port, type=SOCK_STREAM)
                return await _connect_to_one(found, self._connect_seconds / len(found))
        except OSError as error:  # TimeoutError is one
            raise NeverSent(repr(error)) from error

    async def _new_connection(self) -> Connection:
        line = await self._connect()
        try:
            async with asyncio.timeout(self._connect_seconds):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(self._on_free, self._on_lost),
                    sock=line,
                    ssl=self._tls,
                    server_hostname=self._origin.host if self._tls else None,
                )
        except BaseException as error:
            line.close()
            if isinstance(error, OSError):
                raise NeverSent(repr(error)) from error
            raise
        self._open.add(connection)
        return connection

    def _on_free(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.append(connection)
        if self._expiry is None:
            self._expiry = loop.call_later(KEEP_ALIVE_SECONDS, self._close_expired)

    def _on_lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def _close_expired(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - KEEP_ALIVE_SECONDS
        for connection in [each for each in self._idle if each.idle_since <= oldest]:
            self._idle.remove(connection)
            connection.close()
        self._expiry = None
        if self._idle:
            self._expiry = loop.call_at(self._idle[0].idle_since + KEEP_ALIVE_SECONDS, self._close_expired)


async def _connect_to_one(found: Sequence[tuple[Any, ...]], seconds: float) -> socket:
    """Each of these addresses of `getaddrinfo` is tried for so long. Raises OSError."""
    failed = OSError("no address")
    for family, *_, address in found:
        line = socket(family)
        try:
            # A small receive buffer: the kernel keeps little of a response that nobody reads.
            line.setsockopt(SOL_SOCKET, SO_RCVBUF, CHUNK_BYTES)
            line.setblocking(False)
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_connect(line, address)
        except OSError as error:
            line.close()
            failed = error
        except BaseException:
            line.close()
            raise
        else:
            return line
    raise failed

"""The client of one address of a service: HTTP, with connections that are kept between requests, and WebSockets."""

import asyncio
import ssl
from collections.abc import AsyncIterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from socket import AF_INET, AF_INET6, SO_RCVBUF, SOL_SOCKET, socket
from typing import Any
from weakref import WeakSet

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidMessage, InvalidStatus, WebSocketException

from ..exchange import Headers
from ..responses import CHUNK_BYTES
from .connection import Connection, InvalidResponse, Response, UpstreamUnreachable

DEFAULT_PORTS = {"http": 80, "https": 443}
KEEP_ALIVE_SECONDS = 5.0
"""How long a connection stays open between two requests: less than a service drains, so that no service closes one at
the very moment at which a request is sent on it."""

MAX_MESSAGE_BYTES = 256 * 1024
"""Of one message of a WebSocket; the largest one of a service has a tenth of it."""
MAX_QUEUED_MESSAGES = 16
HEARTBEAT_SECONDS = 20.0
CLOSE_SECONDS = 1.0
"""How long a service may take to answer the close of a WebSocket."""


class NeverSent(UpstreamUnreachable):
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


class Client:
    """Its connections are bounded by the bulkheads of its users."""

    def __init__(self, origin: Origin, address: str, connect_seconds: float) -> None:
        self._origin = origin
        self._address = address
        self._connect_seconds = connect_seconds
        self._tls = ssl.create_default_context() if origin.scheme == "https" else None
        self._open = set[Connection]()
        self._idle: list[Connection] = []
        """The one that was used last is used first."""
        self._websockets = WeakSet[_WebSocket]()
        self._expiry: asyncio.TimerHandle | None = None

    async def request(
        self, method: str, target: bytes, headers: Headers, body: bytes | AsyncIterable[bytes] | None = None
    ) -> Response:
        """Send a request, with headers that fit the body. The response has to be released.

        Raises UpstreamUnreachable or InvalidResponse.
        """
        lines = [b"%b %b HTTP/1.1\r\nhost: %b" % (method.encode(), target, self._origin.authority)]
        lines += [b"%b: %b" % field for field in headers]
        head = b"\r\n".join(lines) + b"\r\n\r\n"
        connection = self._kept() or await self._new_connection()
        if isinstance(body, bytes):
            return await connection.send(head + body)
        return await connection.send(head, body, chunked=(b"transfer-encoding", b"chunked") in headers)

    async def open_websocket(self, path: str, headers: Headers) -> ClientConnection:
        """Open a WebSocket, which has to be closed.

        Raises InvalidStatus where the service rejects it, UpstreamUnreachable, or InvalidResponse.
        """
        scheme = "wss" if self._tls else "ws"
        line = await self._connect()
        try:
            with _upstream_errors():
                websocket = await connect(
                    f"{scheme}://{self._origin.authority.decode()}{path}",
                    sock=line,
                    ssl=self._tls,
                    create_connection=partial(_WebSocket, self._websockets),  # type: ignore[arg-type] # any callable will do
                    additional_headers=[(name.decode(), value.decode()) for name, value in headers],
                    user_agent_header=None,
                    compression=None,
                    proxy=None,
                    open_timeout=None,
                    ping_interval=HEARTBEAT_SECONDS,
                    ping_timeout=HEARTBEAT_SECONDS,
                    close_timeout=CLOSE_SECONDS,
                    max_size=MAX_MESSAGE_BYTES,
                    max_queue=MAX_QUEUED_MESSAGES,
                )
                for message in (websocket.request, websocket.response):
                    if message is not None:
                        message.headers.clear()  # nothing reads them, and they take 5 kB
                return websocket
        except BaseException:
            line.close()
            raise

    def close(self) -> None:
        """Close all connections: whoever waits for a response there fails."""
        for connection in list(self._open):
            connection.close()
        for websocket in list(self._websockets):
            websocket.transport.abort()

    def _kept(self) -> Connection | None:
        oldest = asyncio.get_running_loop().time() - KEEP_ALIVE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_since > oldest and not connection.is_closing:
                return connection
            connection.close()
        return None

    async def _connect(self) -> socket:
        line = socket(AF_INET6 if ":" in self._address else AF_INET)
        try:
            # A small receive buffer: the kernel keeps little of a response that the client does not read.
            line.setsockopt(SOL_SOCKET, SO_RCVBUF, CHUNK_BYTES)
            line.setblocking(False)
            async with asyncio.timeout(self._connect_seconds):
                await asyncio.get_running_loop().sock_connect(line, (self._address, self._origin.port))
        except BaseException as error:
            line.close()
            if isinstance(error, OSError):  # TimeoutError is one
                raise NeverSent(repr(error)) from error
            raise
        return line

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


class _WebSocket(ClientConnection):
    """Registered before its handshake, so that it can be closed while it waits for the response."""

    def __init__(self, opened: WeakSet["_WebSocket"], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        opened.add(self)


@contextmanager
def _upstream_errors() -> Iterator[None]:
    try:
        yield
    except InvalidStatus:
        raise
    except OSError as error:
        raise UpstreamUnreachable(repr(error)) from error
    except (WebSocketException, ValueError) as error:  # the last for a redirect
        lost = isinstance(error, InvalidMessage) and isinstance(error.__cause__, EOFError)
        raise (UpstreamUnreachable if lost else InvalidResponse)(repr(error)) from error

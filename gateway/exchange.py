"""One request and its response: reads the body from the client, writes the response, and holds the time limit."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .routes import UNMATCHED
from .slow_clients import SlowClients, Transfer
from .time_limit import TimeLimit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

CONNECTION = "shutter.connection"
"""The key of the ASGI scope under which the server puts the connection."""
MAX_DISCARDED_BYTES = 64 * 1024
"""Unread bytes of a request body that uvicorn discards while it keeps the connection."""
LINGER_SECONDS = 2.0
LINGER_BYTES = 64 * 1024 * 1024
_CSP = b"content-security-policy"
DEFAULT_CSP = (_CSP, b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
"""For every response without its own policy."""


@dataclass(frozen=True, slots=True)
class Client:
    """The address of a client, and the network that limits count: for IPv6 the /64 that one subscriber gets."""

    address: str
    network: str
    site: str | None = None
    """For IPv6 the /48 around it, the most that one subscriber gets (RFC 6177)."""


UNKNOWN_CLIENT = Client("unknown", "unknown")


@dataclass(slots=True)  # frozen ones take eight times as long to create
class Request:
    """The head of a request that passed validation."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    """The headers that the gateway uses or forwards, with names in lower case."""
    content_length: int | None = 0
    """None for a body in chunks."""


_NOT_VALIDATED = Request()


class ClientDisconnected(Exception):
    """The client has closed the connection."""


class BodyTooSlow(Exception):
    """The client sends its body more slowly than the minimum data rate."""


class Connection(Protocol):
    """The methods of its connection that an exchange uses."""

    serving: "Exchange | None"
    lost: bool

    def cut(self) -> None:
        """Close it in the middle of the response."""


class Exchange:
    """One request and its response."""

    __slots__ = (
        "_body_done",
        "_connection",
        "_incoming",
        "_receive",
        "_send",
        "_slow_clients",
        "client",
        "method",
        "path",
        "request",
        "request_id",
        "response_headers",
        "route",
        "scope",
        "status",
        "stop_on_disconnect",
        "time_limit",
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request_id: str,
        response_headers: Headers,
        slow_clients: SlowClients,
    ) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.request_id = request_id
        # Set by the pipeline, as soon as they are known.
        self.request = _NOT_VALIDATED
        self.client = UNKNOWN_CLIENT
        self.route = UNMATCHED
        self.response_headers = response_headers
        """Sent with every response, an error or not."""
        self.status: int | None = None
        """None until the response starts."""
        self.time_limit = TimeLimit()
        self.stop_on_disconnect = False
        """Whether a disconnect before the response starts stops it.

        False if the outcome is needed anyway: wrong passwords are counted.
        """
        self._receive = receive
        self._send = send
        self._body_done = False
        self._incoming: Transfer | None = None
        self._slow_clients = slow_clients
        self._connection: Connection | None = scope.get(CONNECTION)
        if self._connection is not None and not self._connection.lost:  # the client may have left already
            self._connection.serving = self

    @property
    def body_done(self) -> bool:
        """Whether the request body has been read to its end."""
        return self._body_done or self.request.content_length == 0

    def client_disconnected(self) -> None:
        """Called by the server when the connection is lost."""
        if self.status is not None or self.stop_on_disconnect:
            self.time_limit.stop(ClientDisconnected)

    def cut(self) -> None:
        """Close the connection in the middle of the response; also after the client has disconnected."""
        if self._connection is not None:
            self._connection.cut()

    async def read_body(self) -> bytes:
        """The next part of the request body. Raises ClientDisconnected."""
        incoming = self._incoming
        if incoming is None:
            incoming = self._incoming = Transfer(self.client.network, self._stop_slow_body)
        part: bytes = b""
        self._slow_clients.wait(incoming)
        try:
            message = await self._receive()
            part = message.get("body", b"")
        finally:
            self._slow_clients.done(incoming, len(part))
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        if not message.get("more_body", False):
            self._body_done = True
            self._incoming = None  # breaks the reference cycle
        return part

    async def start_response(self, status: int, headers: Headers) -> None:
        """Send status and headers. From here on the client's speed decides, so the time limit is lifted."""
        self.status = status
        self.time_limit.move(None)
        if self._closes_after_response():
            headers.append((b"connection", b"close"))
        headers += self.response_headers
        if _CSP not in dict(headers):
            headers.append(DEFAULT_CSP)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def send_chunk(self, chunk: bytes) -> None:
        """Send a part of the response body; more follows."""
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def end_response(self, chunk: bytes = b"") -> None:
        """Send the last part."""
        if self._closes_after_response():
            # If the connection were closed now, a client that is still sending would get a reset and lose the response.
            # So its data is read and dropped for a moment.
            await self.send_chunk(chunk)
            await self._drain_request()
            chunk = b""
        await self._send({"type": "http.response.body", "body": chunk, "more_body": False})

    def _closes_after_response(self) -> bool:
        length = self.request.content_length
        return (length is None or length > MAX_DISCARDED_BYTES) and not self._body_done

    async def _drain_request(self) -> None:
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                left = LINGER_BYTES
                while not self.body_done and left > 0:
                    left -= len(await self.read_body())
        except (TimeoutError, ClientDisconnected):
            pass

    def _stop_slow_body(self) -> None:
        self.time_limit.stop(BodyTooSlow)

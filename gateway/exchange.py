"""One request on its way through the gateway: what came in, and how the answer goes out."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from .slow_clients import SlowClients, Transfer

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

CONNECTION = "shutter.connection"
"""Where the server puts the connection into the scope."""
MAX_DISCARDED_BYTES = 64 * 1024
"""Bytes of an unread body that the server throws away by itself while the connection lives on."""
LINGER_SECONDS = 2.0
LINGER_BYTES = 64 * 1024 * 1024
_POLICY = b"content-security-policy"
DEFAULT_CSP = (_POLICY, b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
"""For every answer without a policy of its own: should a browser ever take it for a page, it is an empty one."""


@dataclass(frozen=True, slots=True)
class Client:
    """An address as text, and the network that is counted as one: of IPv6 the /64 that one subscriber is given."""

    address: str
    network: str
    site: str | None = None
    """Of IPv6 the /48 around it, which is the most that one subscriber is given (RFC 6177)."""


UNKNOWN = Client("unknown", "unknown")


class ClientDisconnected(Exception):
    """The client has left; nobody waits for an answer."""


class BodyTooSlow(Exception):
    """The client sends its body too slowly."""


class Connection(Protocol):
    """What an exchange has to know of the connection it takes place on."""

    serving: "Exchange | None"

    def cut(self) -> None:
        """Close it in the middle of the answer."""


class Exchange:
    """What is known of one request, and the way back to the client."""

    __slots__ = (
        "_connection",
        "_incoming",
        "_receive",
        "_send",
        "_slow",
        "body_done",
        "client",
        "closing",
        "headers",
        "length",
        "login_limited_seconds",
        "long",
        "method",
        "path",
        "pattern",
        "request_id",
        "response_headers",
        "scope",
        "status",
        "stopped",
        "timeout",
    )

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, request_id: str, response_headers: Headers, slow: SlowClients
    ) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.request_id = request_id
        self.client = UNKNOWN
        """Where it comes from; unknown until somebody has looked."""
        self.response_headers = response_headers
        """Headers of the answer, whatever it will be."""
        self.headers: dict[bytes, bytes] = {}
        """The headers that mean something to us; empty until they were looked at."""
        self.login_limited_seconds: int | None = None
        """For how long the address may only log in to accounts that know its network; None: to all."""
        self.pattern = "unknown"
        self.status: int | None = None
        """Of the answer, as soon as it has begun."""
        self.length: int | None = 0
        """Bytes of the body; None where the client does not say."""
        self.body_done = True
        self.closing = False
        self.long = False
        """Whether it is given up when the client leaves before it is answered."""
        self.timeout: asyncio.Timeout | None = None
        """The present limit of time."""
        self.stopped: Exception | None = None
        """Why nothing more is to be done."""
        self._slow = slow
        self._incoming: Transfer | None = None
        self._connection: Connection | None = scope.get(CONNECTION)
        if self._connection is not None:
            self._connection.serving = self

    def within(self, seconds: float | None) -> asyncio.Timeout:
        """A limit for a block: after so many seconds, changed by `allow`, or when `stop` is called.

        The caller turns TimeoutError into `stopped`, if that is set, and forgets `timeout` in the end.
        """
        if self.stopped is not None:
            raise self.stopped
        self.timeout = asyncio.timeout(seconds)
        return self.timeout

    def allow(self, seconds: float | None) -> None:
        """Let the present limit end in so many seconds from now, or never."""
        if self.timeout is not None and self.stopped is None and not self.timeout.expired():
            self.timeout.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)

    def stop(self, reason: Exception) -> None:
        """End the present limit, or the next one, with this."""
        if self.stopped is None:
            self.stopped = reason
            if self.timeout is not None and not self.timeout.expired():
                self.timeout.reschedule(asyncio.get_running_loop().time())

    def leave(self) -> None:
        """The client has left. What is short goes on, as whether a password was wrong counts all the same."""
        if self.status is not None or self.long:
            self.stop(ClientDisconnected())

    def cut(self) -> None:
        """Close the connection in the middle of the answer; also where the client has left already."""
        if self._connection is not None:
            self._connection.cut()

    def expect_body(self) -> None:
        """Learn from the headers whether a body follows."""
        if b"transfer-encoding" in self.headers:
            self.length = None
        elif b"content-length" in self.headers:
            self.length = int(self.headers[b"content-length"])
        self.body_done = self.length == 0

    async def read_body(self) -> bytes:
        """The next part of the body. Raises ClientDisconnected."""
        incoming = self._incoming
        if incoming is None:
            incoming = self._incoming = Transfer(self.client.network, self._give_up)
        part: bytes = b""
        self._slow.wait(incoming)
        try:
            message = await self._receive()
            part = message.get("body", b"")
        finally:
            self._slow.done(incoming, len(part))
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        self.body_done = not message.get("more_body", False)
        if self.body_done:
            self._incoming = None  # which refers to this
        return part

    def _give_up(self) -> None:
        self.stop(BodyTooSlow())

    async def start_response(self, status: int, headers: Headers) -> None:
        """Send the head of the answer. From here on it is the pace of the client that counts."""
        self.status = status
        self.allow(None)
        self.closing = not self.body_done and (self.length is None or self.length > MAX_DISCARDED_BYTES)
        if self.closing:
            headers.append((b"connection", b"close"))
        headers += self.response_headers
        if not any(name == _POLICY for name, _ in headers):
            headers.append(DEFAULT_CSP)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def send_chunk(self, part: bytes) -> None:
        """Send a part of the body of the answer; more follows."""
        await self._send({"type": "http.response.body", "body": part, "more_body": True})

    async def end_response(self, part: bytes = b"") -> None:
        """Send the last part.

        A client that is still sending a large body would lose the answer if the connection were closed under
        its hands, so what it sends is taken in and dropped for a moment.
        """
        if self.closing:
            await self.send_chunk(part)
            await self._let_run_out()
            part = b""
        await self._send({"type": "http.response.body", "body": part, "more_body": False})

    async def _let_run_out(self) -> None:
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                left = LINGER_BYTES
                while not self.body_done and left > 0:
                    left -= len(await self.read_body())
        except (TimeoutError, ClientDisconnected):
            pass

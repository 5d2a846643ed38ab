"""uvicorn's httptools protocol with limits: 64 KiB without progress, 16 pipelined requests, no ambiguous requests."""

import asyncio
from functools import partial
from socket import IPPROTO_TCP, TCP_NOTSENT_LOWAT
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared import metrics
from shared.server.websocket_protocol import StrictUpgradeProtocol

MAX_BYTES_WITHOUT_PROGRESS = 64 * 1024
"""Received without a complete head or a part of a body; then the connection is closed."""
MAX_PIPELINED_REQUESTS = 16
"""Requests sent before the first one is answered."""
MAX_UNSENT_BYTES = 32 * 1024
"""Of a response in the kernel's send buffer, so that clients that do not read cost little memory."""
VERSIONS = {"1.0": b" HTTP/1.0\r\n", "1.1": b" HTTP/1.1\r\n"}
"""Accepted versions, and how their request lines end."""
SCHEMES = (b"http", b"https")


class HardenedHttpProtocol(StrictUpgradeProtocol):
    """Closes connections that exceed the limits and rejects ambiguous requests (RFC 9112)."""

    in_head = False
    bytes_without_progress = 0
    rejected = False
    """A malformed request was received: later bytes are ignored, earlier requests are still answered."""
    received = b""
    """The bytes of the head that is being read."""
    answering: RequestResponseCycle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no request is being processed."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # uvicorn sets it at the first request
        return cycle is None or cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Limit the kernel's send buffer, which otherwise takes megabytes of a response that is not read."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(IPPROTO_TCP, TCP_NOTSENT_LOWAT, MAX_UNSENT_BYTES)

    def data_received(self, data: bytes) -> None:
        """Parse what was received. A head or a trailer without end must not fill the memory."""
        # Replaces uvicorn's method, which logs a line for each malformed request: clients could fill the log.
        if self.rejected:
            return
        self._unset_keepalive_if_required()
        self.bytes_without_progress += len(data)
        self.received = self.received + data if self.in_head else data
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
            return
        if not self.in_head:
            self.received = b""
        if self.bytes_without_progress > MAX_BYTES_WITHOUT_PROGRESS:
            self.send_400_response("This request has no end.")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self.in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header. Trailers, which uvicorn would add to the headers, are ignored (RFC 9110)."""
        if self.in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete."""
        if len(self.pipeline) >= MAX_PIPELINED_REQUESTS:
            raise ValueError("too many pipelined requests")
        self._check_head()
        self.in_head = False
        self.bytes_without_progress = 0
        super().on_headers_complete()

    def _check_head(self) -> None:
        """Raises ValueError for a head that the parser accepts although it is malformed or ambiguous (RFC 9112)."""
        version, url = self.parser.get_http_version(), self.url
        if version not in VERSIONS:
            raise ValueError("not a supported version")
        # The parser skips additional spaces and accepts the names of other protocols.
        if self.parser.get_method() + b" " + url + VERSIONS[version] not in self.received:
            raise ValueError("not a request line of HTTP")
        if b"#" in url or not (url.startswith(b"/") or url == b"*" or self._is_own_target()):
            raise ValueError("not a target of this server")
        codings = [value for name, value in self.headers if name == b"transfer-encoding"]
        if codings and (len(codings) > 1 or codings[0].lower() != b"chunked" or version == "1.0"):
            raise ValueError("ambiguous framing")

    def _is_own_target(self) -> bool:
        """Whether a target in absolute form has the host of the Host header (RFC 9112, section 3.2.2)."""
        scheme, _, rest = self.url.partition(b"://")
        authority = rest.partition(b"/")[0].partition(b"?")[0]
        hosts = [value.lower() for name, value in self.headers if name == b"host"]
        return scheme.lower() in SCHEMES and b"@" not in authority and [authority.lower()] == hosts

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self.bytes_without_progress = 0
        super().on_body(body)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client disconnected. uvicorn notifies only the last request, which may not be the one being processed."""
        super().connection_lost(exc)
        if self.answering is not None:
            self.answering.disconnected = True
            self.answering.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.answering = cycle
        if getattr(self.server_state, "draining", False) and not self.pipeline:
            cycle.keep_alive = False  # the client shall connect again, to another process
        cycle.transport = cast("asyncio.Transport", ResponseTransport(self.transport, self.loop))
        super()._start_asgi_task(cycle, partial(_run, cycle, app))

    def send_400_response(self, msg: str) -> None:
        """Respond with 400 and close, but never in place of the response to an earlier request."""
        metrics.MALFORMED.inc()
        self.rejected = True
        if self.is_idle:
            self.send_malformed(msg)
        elif not self.cycle.more_body:  # the malformed request is a later one
            self.cycle.keep_alive = False
        elif self.pipeline or self.cycle.response_started:
            self.transport.close()
        else:
            self.send_malformed(msg)

    def send_malformed(self, msg: str) -> None:
        """Respond with 400, and close."""
        HttpToolsProtocol.send_400_response(self, msg)


class ResponseTransport:
    """The transport of one response: sends the head and the first part of the body in one system call.

    To send them apart costs both ends up to 15 us of CPU each. A head whose body is not there yet is sent in the next
    iteration of the event loop.
    """

    __slots__ = ("_head", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head: bytes | None = None
        """None before it is written, empty after it was sent."""

    def write(self, data: bytes) -> None:
        """Send; the first bytes may wait for the next."""
        if self._head is None:
            self._head = data
            self._loop.call_soon(self._send_head)
            return
        head, self._head = self._head, b""
        self._transport.write(head + data if head else data)

    def close(self) -> None:
        """Send what waits, and close."""
        self._send_head()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether nothing more is sent."""
        return self._transport.is_closing()

    def _send_head(self) -> None:
        if self._head and not self._transport.is_closing():
            self.write(b"")


async def _run(cycle: RequestResponseCycle, app: Any, scope: Any, receive: Any, send: Any) -> None:
    """Run the application, and close the connection if the response is incomplete."""
    # uvicorn would log an error each time a client disconnects during a response, and fail when it writes its own 500
    # to a closed connection.
    try:
        await app(scope, receive, send)
    finally:
        if not cycle.response_complete:
            if cycle.response_started:
                cycle.transport.close()
            cycle.disconnected |= cycle.transport.is_closing()  # nothing more is sent, and nothing is missing

"""uvicorn's HTTP protocol for the gateway: connection limits, slow clients, and errors as problem documents."""

import asyncio
import socket
import struct
from functools import partial
from http import HTTPStatus
from typing import Any

from shared import request_ids
from shared.server.http_protocol import HardenedHttpProtocol

from .. import metrics
from ..exchange import CONNECTION, Exchange
from ..request.body import body_timeout
from ..request.cors import Cors
from ..responses import HttpError, problem, problem_headers, service_unavailable
from ..slow_clients import SlowClients, Transfer
from .connection_limits import ConnectionLimits

MALFORMED = HttpError(HTTPStatus.BAD_REQUEST, "malformed", "This is not a valid HTTP request.")
NO_LINGER = struct.pack("ii", 1, 0)
UNSENT_BYTES = 8 * 1024
"""Of a response that may wait in the process before the client counts as slow."""


class GatewayProtocol(HardenedHttpProtocol):
    """One connection of a client."""

    serving: Exchange | None = None
    """The latest exchange."""
    lost = False
    """Whether the connection is closed."""
    _sending: Transfer | None = None

    def __init__(self, limits: ConnectionLimits, slow_clients: SlowClients, cors: Cors, **more: Any) -> None:
        super().__init__(**more)
        self._limits = limits
        self._slow_clients = slow_clients
        self._cors = cors

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Called by the event loop."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=UNSENT_BYTES, low=0)
        if not self._limits.open(self):
            self._end_with(service_unavailable("too_many_connections", "There are too many connections right now."))

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._limits.leave(self)
        self._stop_sending()
        super().connection_lost(exc)
        self.lost = True
        serving, self.serving = self.serving, None  # each refers to the other
        if serving is not None:
            serving.client_disconnected()

    def pause_writing(self) -> None:
        """Called by the transport: the client reads more slowly than it is sent to."""
        super().pause_writing()
        if self._sending is None:
            abort = partial(self.loop.call_soon, self.abort)  # not in the middle of a write
            network = self._limits.limited_network(self)
            self._sending = Transfer(network, abort, self.transport.get_write_buffer_size)
        self._slow_clients.wait(self._sending)

    def resume_writing(self) -> None:
        """Called by the transport: the client has read everything."""
        super().resume_writing()
        self._stop_sending()

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        super().data_received(data)
        if self.is_idle:
            self._limits.reading_head(self)

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._limits.serving(self)
        self.scope[CONNECTION] = self  # type: ignore[literal-required] # for the gateway alone
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Called by uvicorn. The next request may have been received already."""
        super().on_response_complete()
        if self.is_idle and self.in_head:
            self._limits.reading_head(self)
        elif self.is_idle:
            self._limits.idle(self)

    def handle_websocket_upgrade(self) -> None:
        """Called by uvicorn. WebSockets have separate limits."""
        self._limits.leave(self)
        self._stop_sending()
        self.transport.set_write_buffer_limits()
        super().handle_websocket_upgrade()

    def send_malformed(self, msg: str) -> None:  # noqa: ARG002 - its text tells a client nothing more
        """Respond to what cannot be parsed, and close."""
        self._end_with(MALFORMED)

    def give_up(self) -> None:
        """The head did not arrive in time."""
        if self.in_head:
            self._end_with(body_timeout())
        else:
            self.transport.close()

    def cut(self) -> None:
        """Close it in the middle of a response; uvicorn is told that this is meant."""
        if self.answering is not None:
            self.answering.disconnected = True
            self.answering.transport.close()

    def abort(self) -> None:
        """Close it at once; neither the process nor the kernel keeps what was not sent."""
        if not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self.transport.abort()

    def is_closing(self) -> bool:
        """Whether it is closed, except for what the client has not read yet."""
        return self.transport.is_closing()

    def _stop_sending(self) -> None:
        if self._sending is not None:
            self._slow_clients.done(self._sending)

    def _end_with(self, error: HttpError) -> None:
        metrics.REJECTED.labels(error.code).inc()
        request_id = request_ids.fresh()
        body = problem(error, "", request_id)
        headers = [
            *self.server_state.default_headers,
            *problem_headers(error, len(body)),
            *self._cors.headers(self.headers),
            (b"x-content-type-options", b"nosniff"),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%s: %s\r\n" % line for line in headers)
        phrase = HTTPStatus(error.status).phrase.encode()
        self.transport.write(b"HTTP/1.1 %d %b\r\n" % (error.status, phrase) + lines + b"\r\n" + body)
        self.transport.close()

"""How uvicorn serves the gateway: its own refusals look like ours, and it takes leave before it closes."""

import asyncio
import socket
import struct
from functools import partial
from http import HTTPStatus
from typing import Any

import uvicorn

import shared.server.config
from shared import metrics, request_ids
from shared.background import PeriodicWorker
from shared.server.http_protocol import HardenedHttpProtocol

from ..app import Gateway
from ..exchange import CONNECTION, Exchange
from ..request.body import too_slow
from ..request.cors import Cors
from ..responses import HttpError, problem, problem_headers, service_unavailable
from ..slow_clients import SlowClients, Transfer
from .connection_limits import ConnectionLimits

MALFORMED = HttpError(HTTPStatus.BAD_REQUEST, "malformed", "This is not a request that we understand.")
NO_LINGER = struct.pack("ii", 1, 0)
SWEEP_SECONDS = 1.0


UNSENT_BYTES = 8 * 1024
"""Of an answer that may wait in the process without the client being counted as slow."""


class GatewayProtocol(HardenedHttpProtocol):
    """The protocol of all our processes, with an eye on connections that only cost, and problem+json."""

    serving: Exchange | None = None
    """The latest exchange."""
    _sending: Transfer | None = None

    def __init__(self, open_ones: ConnectionLimits, slow_clients: SlowClients, cors: Cors, **more: Any) -> None:
        super().__init__(**more)
        self._open_ones = open_ones
        self._slow_clients = slow_clients
        self._cors = cors

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Find a place for it."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=UNSENT_BYTES, low=0)
        if not self._open_ones.open(self):
            self._end_with(service_unavailable("too_many_connections", "There are too many connections right now."))

    def connection_lost(self, exc: Exception | None) -> None:
        """Its place is free, and what was done for its client is given up."""
        self._open_ones.leave(self)
        self._forget_sending()
        super().connection_lost(exc)
        if self.serving is not None:
            self.serving.leave()

    def pause_writing(self) -> None:
        """The client does not read as fast as it is sent to."""
        super().pause_writing()
        if self._sending is None:
            abort = partial(self.loop.call_soon, self.abort)  # not in the middle of a write
            network = self._open_ones.limited_network(self)
            self._sending = Transfer(network, abort, self.transport.get_write_buffer_size)
        self._slow_clients.wait(self._sending)

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        self._forget_sending()

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        if self.is_idle:
            self._open_ones.wait(self)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._open_ones.serve(self)
        self.scope[CONNECTION] = self  # type: ignore[literal-required] # for the gateway alone
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """An answer is given; more may have been asked already."""
        super().on_response_complete()
        if self.is_idle and self.in_head:
            self._open_ones.wait(self)
        elif self.is_idle:
            self._open_ones.rest(self)

    def handle_websocket_upgrade(self) -> None:
        """What it is from now on has limits of its own."""
        self._open_ones.leave(self)
        self._forget_sending()
        self.transport.set_write_buffer_limits()
        super().handle_websocket_upgrade()

    def send_malformed(self, msg: str) -> None:  # noqa: ARG002 - its text tells a client nothing more
        """Answer what could not even be parsed, and close."""
        self._end_with(MALFORMED)

    def give_up(self) -> None:
        """The head did not come in time."""
        if self.in_head:
            self._end_with(too_slow())
        else:
            self.transport.close()

    def cut(self) -> None:
        """Close it in the middle of an answer; uvicorn is told that this is meant."""
        if self.answering is not None:
            self.answering.disconnected = True
        self.transport.close()

    def abort(self) -> None:
        """End it at once, whatever has not been sent yet; the system keeps nothing of it either."""
        if not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self.transport.abort()

    def is_closing(self) -> bool:
        """Whether it is closed, but for what its client has not read yet."""
        return self.transport.is_closing()

    def _forget_sending(self) -> None:
        if self._sending is not None:
            self._slow_clients.done(self._sending)

    def _end_with(self, error: HttpError) -> None:
        metrics.REFUSED_AT_DOOR.labels(error.code).inc()
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


def options() -> dict[str, Any]:
    """The settings of uvicorn for the gateway."""
    return {**shared.server.config.server_options(), "lifespan": "on"}


class GatewayServer(shared.server.config.Server):
    """uvicorn, but told to stop it first lets balancers see that it is no longer ready."""

    def __init__(self, app: Gateway, **more: Any) -> None:
        self._app = app
        self._open_ones = ConnectionLimits(app.settings)
        own = {
            "http": partial(GatewayProtocol, self._open_ones, app.slow_clients, Cors(app.settings)),
            "timeout_keep_alive": app.settings.keep_alive_seconds,
        }
        super().__init__(uvicorn.Config(app, **{**options(), **own, **more}))

    async def main_loop(self) -> None:
        """Wait until told to stop.

        Each second, while there are connections, close those that only cost and end the clients that are too slow.
        """
        sweeping = PeriodicWorker("gateway.connections", self._sweep, every=SWEEP_SECONDS)
        sweeping.start()
        await super().main_loop()
        await sweeping.stop()

    async def _sweep(self) -> bool:
        await self._open_ones.any_open.wait()
        self._open_ones.sweep()
        self._app.slow_clients.sweep()
        return False

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop being ready, go on serving for a while, then finish what is under way and close."""
        self._app.drain()
        await asyncio.sleep(self._app.settings.drain_seconds)
        await super().shutdown(sockets)

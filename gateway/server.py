"""How uvicorn serves the gateway: its own refusals look like ours, and it takes leave before it closes."""

import asyncio
import socket
from functools import partial
from http import HTTPStatus
from typing import Any

import uvicorn

from shared import metrics
from shared.server import server_options
from shared.wary import Wary
from shared.web import request_ids

from .answers import Refused, problem, problem_headers, unavailable
from .app import Gateway
from .bodies import too_slow
from .connections import Connections
from .cors import Cors

MALFORMED = Refused(HTTPStatus.BAD_REQUEST, "malformed", "This is not a request that we understand.")
TICKS = 10
"""Of uvicorn's clock, in a second."""


class Protocol(Wary):
    """The protocol of all our processes, with an eye on connections that only cost, and problem+json."""

    def __init__(self, open_ones: Connections, cors: Cors, **more: Any) -> None:
        super().__init__(**more)
        self._open_ones = open_ones
        self._cors = cors

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Find a place for it."""
        super().connection_made(transport)
        if not self._open_ones.open(self):
            self._end_with(unavailable("too_many_connections", "There are too many connections right now."))

    def connection_lost(self, exc: Exception | None) -> None:
        """Its place is free."""
        self._open_ones.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        if self.is_idle:
            self._open_ones.wait(self)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._open_ones.serve(self)
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
        super().handle_websocket_upgrade()

    def say_malformed(self, msg: str) -> None:  # noqa: ARG002 - its text tells a client nothing more
        """Answer what could not even be parsed, and close."""
        self._end_with(MALFORMED)

    def give_up(self) -> None:
        """The head did not come in time."""
        if self.in_head:
            self._end_with(too_slow())
        else:
            self.transport.close()

    def abort(self) -> None:
        """End it at once, whatever has not been sent yet."""
        self.transport.abort()

    def is_closing(self) -> bool:
        """Whether it is closed, but for what its client has not read yet."""
        return self.transport.is_closing()

    def _end_with(self, refused: Refused) -> None:
        metrics.REFUSED_AT_DOOR.labels(refused.code).inc()
        request_id = request_ids.fresh()
        body = problem(refused, "", request_id)
        headers = [
            *self.server_state.default_headers,
            *problem_headers(refused, len(body)),
            *self._cors.headers(self.headers),
            (b"x-content-type-options", b"nosniff"),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%s: %s\r\n" % line for line in headers)
        phrase = HTTPStatus(refused.status).phrase.encode()
        self.transport.write(b"HTTP/1.1 %d %b\r\n" % (refused.status, phrase) + lines + b"\r\n" + body)
        self.transport.close()


def options() -> dict[str, Any]:
    """The settings of uvicorn for the gateway."""
    return {**server_options(), "lifespan": "on"}


class Server(uvicorn.Server):
    """uvicorn, but told to stop it first lets balancers see that it is no longer ready."""

    def __init__(self, app: Gateway, **more: Any) -> None:
        self._app = app
        self._open_ones = Connections(app.settings)
        own = {
            "http": partial(Protocol, self._open_ones, Cors(app.settings)),
            "timeout_keep_alive": app.settings.keep_alive_seconds,
        }
        super().__init__(uvicorn.Config(app, **{**options(), **own, **more}))

    async def on_tick(self, counter: int) -> bool:
        """Every second, part with the connections that only cost."""
        if counter % TICKS == 0:
            self._open_ones.sweep()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop being ready, go on serving for a while, then finish what is under way and close."""
        self._app.drain()
        await asyncio.sleep(self._app.settings.drain_seconds)
        await super().shutdown(sockets)

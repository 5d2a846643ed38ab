"""How uvicorn serves the gateway: its own refusals look like ours, and it takes leave before it closes."""

import asyncio
import socket
from http import HTTPStatus
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.server import server_options
from shared.web import request_ids

from .answers import Refused, problem, problem_headers
from .app import Gateway

MOST_HEAD_BYTES = 512 * 1024
"""Where the connection ends at the latest while a head goes on and on. What a head may hold is less, see limits."""
MALFORMED = Refused(HTTPStatus.BAD_REQUEST, "malformed", "This is not a request that we understand.")


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with problem+json where it says by itself that a request is malformed."""

    head_bytes = 0
    in_head = False

    def data_received(self, data: bytes) -> None:
        """Take in what came. A head without an end must not fill the memory."""
        super().data_received(data)
        if self.in_head:
            self.head_bytes += len(data)
            if self.head_bytes > MOST_HEAD_BYTES:
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self.head_bytes = 0
        self.in_head = True

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self.in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - its text tells a client nothing more
        """Answer what could not even be parsed, and close."""
        request_id = request_ids.fresh()
        body = problem(MALFORMED, "", request_id)
        headers = [
            *self.server_state.default_headers,
            *problem_headers(MALFORMED, len(body)),
            (b"x-content-type-options", b"nosniff"),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%s: %s\r\n" % line for line in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + lines + b"\r\n" + body)
        self.transport.close()


def options() -> dict[str, Any]:
    """The settings of uvicorn for the gateway."""
    return {**server_options(), "http": Protocol, "ws": "none", "lifespan": "on"}


class Server(uvicorn.Server):
    """uvicorn, but told to stop it first lets balancers see that it is no longer ready."""

    def __init__(self, app: Gateway, **more: Any) -> None:
        super().__init__(uvicorn.Config(app, **{**options(), **more}))
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop being ready, go on serving for a while, then finish what is under way and close."""
        self._app.drain()
        await asyncio.sleep(self._app.drain_seconds)
        await super().shutdown(sockets)

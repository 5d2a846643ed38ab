"""How each of our processes takes what comes on a connection: nothing without end, and no answer in another's place."""

import asyncio
from socket import IPPROTO_TCP, TCP_NOTSENT_LOWAT
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.upgrades import Upgrading

MOST_FRUITLESS_BYTES = 64 * 1024
"""Where a connection ends at the latest while what comes is neither a whole head nor part of a body."""
MOST_PIPELINED = 16
"""Requests that a client may send ahead, before the first is answered."""
UNSENT_BYTES = 32 * 1024
"""Of an answer that the system takes ahead of what the client has room for, so that deaf clients cost little."""
VERSIONS = ("1.0", "1.1")


class Wary(Upgrading):
    """uvicorn's HTTP by httptools, which refuses the ambiguous requests that h11 lets through; and a little more."""

    in_head = False
    fruitless = 0
    hopeless = False
    """Nothing that still comes can be understood; what was asked before is answered."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being answered."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # there is none before the first request
        return cycle is None or cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Bound what the system keeps of answers that are not read; by itself it takes megabytes."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    def data_received(self, data: bytes) -> None:
        """Take in what came. What has no end, such as a head or a trailer, must not fill the memory."""
        if self.hopeless:
            return
        self.fruitless += len(data)
        super().data_received(data)
        if self.fruitless > MOST_FRUITLESS_BYTES and not self.hopeless:
            self.send_400_response("This request has no end.")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self.in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of the head. Those after a body, which uvicorn would take for the same, are nobody's (RFC 9110)."""
        if self.in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete."""
        if len(self.pipeline) >= MOST_PIPELINED:
            raise ValueError("too many requests sent ahead")
        if self.parser.get_http_version() not in VERSIONS:
            raise ValueError("not a version that is spoken here")
        self.in_head = False
        self.fruitless = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self.fruitless = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """End with what cannot be understood: with a 400, but never in the place of an answer to another request."""
        self.hopeless = True
        if self.is_idle:
            self.say_malformed(msg)
        elif not self.cycle.more_body:  # it is in a later request
            self.cycle.keep_alive = False
        elif self.pipeline or self.cycle.response_started:
            self.transport.close()
        else:
            self.say_malformed(msg)

    def say_malformed(self, msg: str) -> None:
        """Answer 400, and close."""
        HttpToolsProtocol.send_400_response(self, msg)

"""One HTTP/1.1 connection to a service (RFC 9112): sends a request, and reads its response as a stream."""

import asyncio
from collections.abc import AsyncIterable, Callable
from http import HTTPStatus
from typing import cast

import httptools

from .response import InvalidResponse, Response, ResponseStream, ServiceUnreachable, State, wake

MAX_HEAD_BYTES = 64 * 1024
"""Of the status line and the headers of a response; those of the services have a hundredth of it."""


class Connection(ResponseStream, asyncio.Protocol):
    """Serves one request after the other."""

    def __init__(self, on_free: Callable[["Connection"], None], on_lost: Callable[["Connection"], None]) -> None:
        super().__init__()
        self._on_free = on_free
        self._on_lost = on_lost
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._writable: asyncio.Future[None] | None = None
        """Waits until more of an upload may be written."""
        self._upload: asyncio.Task[None] | None = None
        self._fields: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._ends_with_connection = False
        self._is_kept = False
        self.idle_since = 0.0

    # What the client does

    async def send(self, head: bytes, body: AsyncIterable[bytes] | None = None, *, chunked: bool = False) -> Response:
        """Send a request, and wait for the head of its response. Raises ServiceUnreachable or InvalidResponse."""
        self._head_bytes = 0
        self._is_kept = False
        expected = self._expect()
        self._transport.write(head)
        if body is not None:
            self._upload = self._loop.create_task(self._send_body(body, chunked))
        return await self._received(expected)

    def release(self) -> None:
        """Keep the connection for another request if the body was read to its end; close it otherwise."""
        is_sent = self._upload is None or self._upload.done()
        if not (self.at_end and self._is_kept and is_sent) or self.is_closing:
            self.close()
            return
        self._state = State.IDLE
        self._upload = None
        self._on_free(self)

    @property
    def is_closing(self) -> bool:
        """Whether it can no longer be used."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close it without waiting."""
        if self._upload is not None:
            self._upload.cancel()
        self._transport.abort()

    # What the transport reports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is established."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It was closed by either side."""
        if self._state is State.WAITING:
            self._fail(ServiceUnreachable(repr(exc)))
        elif self._state is State.RECEIVING and self._ends_with_connection and exc is None:
            self.on_message_complete()
        else:
            self._fail(InvalidResponse("The response ended too early."))
        self._on_lost(self)
        del self._parser  # it refers to this connection

    def data_received(self, data: bytes) -> None:
        """Bytes of a response; whatever nobody has asked for ends the connection."""
        if self._state is State.WAITING:
            self._head_bytes += len(data)
        elif self._state is not State.RECEIVING:
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(InvalidResponse(repr(error)))
        if self._state is State.WAITING and self._head_bytes > MAX_HEAD_BYTES:
            self._fail(InvalidResponse("The headers are too large."))

    def pause_writing(self) -> None:
        """The service reads more slowly than it is sent to."""
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """The service has read."""
        wake(self._writable)
        self._writable = None

    # What the parser reports

    def on_message_begin(self) -> None:
        """A response starts; one that nobody has asked for makes the connection useless."""
        self._fields = []
        if self._state is not State.WAITING:
            self._is_kept = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field."""
        self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The end of the head."""
        status = self._parser.get_status_code()
        if self._state is not State.WAITING or status < HTTPStatus.OK:
            return
        headers = self._start(status, self._fields).headers
        self._ends_with_connection = b"content-length" not in headers and b"transfer-encoding" not in headers

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._state is State.RECEIVING:
            self._add(body)

    def on_message_complete(self) -> None:
        """The end of a response."""
        if self._state is not State.RECEIVING:  # a preliminary response (RFC 9110, section 15.2), or one too many
            return
        self._is_kept = self._parser.should_keep_alive()
        self._end()

    async def _send_body(self, body: AsyncIterable[bytes], chunked: bool) -> None:
        try:
            async for part in body:
                if part:
                    self._transport.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
                if self._writable is not None:
                    await self._writable
            if chunked:
                self._transport.write(b"0\r\n\r\n")
        except Exception as error:  # the body keeps the reason
            self._fail(InvalidResponse(f"The request was not sent completely: {error!r}"))

    def _fail(self, error: Exception) -> None:
        wake(self._writable)
        super()._fail(error)

    def _pause(self) -> None:
        self._transport.pause_reading()

    def _resume(self) -> None:
        self._transport.resume_reading()

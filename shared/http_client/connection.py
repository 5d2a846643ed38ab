"""One HTTP/1.1 connection to a service (RFC 9112): sends a request, and reads its response as a stream."""

import asyncio
from collections.abc import AsyncIterable, Callable
from enum import Enum, auto
from http import HTTPStatus
from typing import cast

import httptools

CHUNK_BYTES = 64 * 1024
"""Most of a body that is read at once. Reading from the network pauses while more than that waits for its reader."""
MAX_HEAD_BYTES = 64 * 1024
"""Of the status line and the headers of a response; those of the services have a hundredth of it."""


class RequestFailed(Exception):
    """A request has no complete response."""


class ServiceUnreachable(RequestFailed):
    """The connection was lost before a response started; the service may have processed the request."""


class InvalidResponse(RequestFailed):
    """What the service sent is not a complete HTTP response."""


class Response:
    """The head of a response, and its body as a stream."""

    __slots__ = ("_connection", "fields", "headers", "status")

    def __init__(self, connection: "Connection", status: int, fields: list[tuple[bytes, bytes]]) -> None:
        self._connection = connection
        self.status = status
        self.fields = fields
        """All header fields, with names in lower case."""
        self.headers = dict(fields)

    @property
    def is_received(self) -> bool:
        """Whether the body has arrived to its end, and can be read without waiting."""
        return self._connection.is_received

    async def read(self) -> bytes:
        """The next bytes of the body, up to CHUNK_BYTES; none at its end. Raises InvalidResponse."""
        return await self._connection.read()

    @property
    def at_end(self) -> bool:
        """Whether the body was read to its end."""
        return self._connection.at_end

    def release(self) -> None:
        """Keep the connection for another request if the body was read to its end; close it otherwise."""
        self._connection.release()


class _State(Enum):
    IDLE = auto()
    WAITING = auto()
    """For the head of a response."""
    RECEIVING = auto()
    """The body."""
    RECEIVED = auto()


class Connection(asyncio.Protocol):
    """Serves one request after the other."""

    def __init__(self, on_free: Callable[["Connection"], None], on_lost: Callable[["Connection"], None]) -> None:
        self._on_free = on_free
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._state = _State.IDLE
        self._error: Exception | None = None
        self._head: asyncio.Future[Response] | None = None
        """Waits for the head of the response."""
        self._more: asyncio.Future[None] | None = None
        """Waits for more of the body."""
        self._writable: asyncio.Future[None] | None = None
        """Waits until more of an upload may be written."""
        self._upload: asyncio.Task[None] | None = None
        self._fields: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._ends_with_connection = False
        self._is_kept = False
        self.idle_since = 0.0

    # What the client does

    async def send(self, head: bytes, body: AsyncIterable[bytes] | None = None, *, chunked: bool = False) -> Response:
        """Send a request, and wait for the head of its response. Raises ServiceUnreachable or InvalidResponse."""
        self._state = _State.WAITING
        self._head_bytes = 0
        self._is_kept = False
        response: asyncio.Future[Response] = self._loop.create_future()
        self._head = response
        self._transport.write(head)
        if body is not None:
            self._upload = self._loop.create_task(self._send_body(body, chunked))
        try:
            return await response
        except BaseException:
            self.close()
            raise
        finally:
            self._head = None  # it refers to this connection

    async def read(self) -> bytes:
        """See `Response`."""
        while not self._buffered and self._state is _State.RECEIVING:
            if self._error is not None:
                error, self._error = self._error, None  # its frames refer to this connection
                raise error
            self._more = self._loop.create_future()
            await self._more
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        part, rest = body[:CHUNK_BYTES], body[CHUNK_BYTES:]
        self._chunks = [rest] if rest else []
        self._buffered = len(rest)
        if not rest and self._state is _State.RECEIVING:
            self._transport.resume_reading()
        return part

    @property
    def is_received(self) -> bool:
        """See `Response`."""
        return self._state is _State.RECEIVED

    @property
    def at_end(self) -> bool:
        """See `Response`."""
        return self._state is _State.RECEIVED and not self._buffered

    def release(self) -> None:
        """See `Response`."""
        is_sent = self._upload is None or self._upload.done()
        if not (self.at_end and self._is_kept and is_sent) or self.is_closing:
            self.close()
            return
        self._state = _State.IDLE
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
        if self._state is _State.WAITING:
            self._fail(ServiceUnreachable(repr(exc)))
        elif self._state is _State.RECEIVING and self._ends_with_connection and exc is None:
            self.on_message_complete()
        else:
            self._fail(InvalidResponse("The response ended too early."))
        self._on_lost(self)
        del self._parser  # it refers to this connection

    def data_received(self, data: bytes) -> None:
        """Bytes of a response; whatever nobody has asked for ends the connection."""
        if self._state is _State.WAITING:
            self._head_bytes += len(data)
        elif self._state is not _State.RECEIVING:
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(InvalidResponse(repr(error)))
        if self._state is _State.WAITING and self._head_bytes > MAX_HEAD_BYTES:
            self._fail(InvalidResponse("The headers are too large."))

    def pause_writing(self) -> None:
        """The service reads more slowly than it is sent to."""
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """The service has read."""
        self._wake(self._writable)
        self._writable = None

    # What the parser reports

    def on_message_begin(self) -> None:
        """A response starts; one that nobody has asked for makes the connection useless."""
        self._fields = []
        if self._state is not _State.WAITING:
            self._is_kept = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field."""
        self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The end of the head."""
        status = self._parser.get_status_code()
        if self._state is not _State.WAITING or status < HTTPStatus.OK:
            return
        self._state = _State.RECEIVING
        response = Response(self, status, self._fields)
        headers = response.headers
        self._ends_with_connection = b"content-length" not in headers and b"transfer-encoding" not in headers
        if self._head is not None and not self._head.done():
            self._head.set_result(response)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._state is not _State.RECEIVING:
            return
        self._chunks.append(body)
        self._buffered += len(body)
        if self._buffered > CHUNK_BYTES:
            self._transport.pause_reading()
        self._wake(self._more)

    def on_message_complete(self) -> None:
        """The end of a response."""
        if self._state is not _State.RECEIVING:  # a preliminary response (RFC 9110, section 15.2), or one too many
            return
        self._is_kept = self._parser.should_keep_alive()
        self._state = _State.RECEIVED
        self._wake(self._more)

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
        if self._state is not _State.WAITING:
            self._error = error
        elif self._head is not None and not self._head.done():
            self._head.set_exception(error)
        self._wake(self._more)
        self._wake(self._writable)
        self.close()

    @staticmethod
    def _wake(waiter: asyncio.Future[None] | None) -> None:
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

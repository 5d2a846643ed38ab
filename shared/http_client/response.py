"""The response of a service: its head, its body as a stream with a bound, and what can go wrong."""

import asyncio
from abc import ABC, abstractmethod
from enum import Enum, auto

CHUNK_BYTES = 64 * 1024
"""Most of a body that is read at once. Its sender has to pause while more than that waits for its reader."""


class RequestFailed(Exception):
    """A request has no complete response."""


class ServiceUnreachable(RequestFailed):
    """The connection was lost before a response started; the service may have processed the request."""


class InvalidResponse(RequestFailed):
    """What the service sent is not a complete HTTP response."""


class Response:
    """The head of a response, and its body as a stream."""

    __slots__ = ("_stream", "fields", "headers", "status")

    def __init__(self, stream: "ResponseStream", status: int, fields: list[tuple[bytes, bytes]]) -> None:
        self._stream = stream
        self.status = status
        self.fields = fields
        """All header fields, with names in lower case."""
        self.headers = dict(fields)

    @property
    def is_received(self) -> bool:
        """Whether the body has arrived to its end, and can be read without waiting."""
        return self._stream.is_received

    async def read(self) -> bytes:
        """The next bytes of the body, up to CHUNK_BYTES; none at its end. Raises InvalidResponse."""
        return await self._stream.read()

    @property
    def at_end(self) -> bool:
        """Whether the body was read to its end."""
        return self._stream.at_end

    def release(self) -> None:
        """Nothing more is read: what the body was sent with may be used again if it was read to its end."""
        self._stream.release()


class State(Enum):
    """What is expected next."""

    IDLE = auto()
    WAITING = auto()
    """For the head of a response."""
    RECEIVING = auto()
    """The body."""
    RECEIVED = auto()


class ResponseStream(ABC):
    """Passes a response, or one after the other, from what receives it to its reader."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._state = State.IDLE
        self._error: Exception | None = None
        self._head: asyncio.Future[Response] | None = None
        """Waits for the head of the response."""
        self._more: asyncio.Future[None] | None = None
        """Waits for more of the body."""
        self._chunks: list[bytes] = []
        self._buffered = 0

    # What the reader does

    async def read(self) -> bytes:
        """See `Response`."""
        while not self._buffered and self._state is State.RECEIVING:
            if self._error is not None:
                error, self._error = self._error, None  # its frames refer to this stream
                raise error
            self._more = self._loop.create_future()
            await self._more
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        part, rest = body[:CHUNK_BYTES], body[CHUNK_BYTES:]
        self._chunks = [rest] if rest else []
        self._buffered = len(rest)
        if not rest and self._state is State.RECEIVING:
            self._resume()
        return part

    @property
    def is_received(self) -> bool:
        """See `Response`."""
        return self._state is State.RECEIVED

    @property
    def at_end(self) -> bool:
        """See `Response`."""
        return self._state is State.RECEIVED and not self._buffered

    @abstractmethod
    def release(self) -> None:
        """See `Response`."""

    @abstractmethod
    def close(self) -> None:
        """Stop the sender, without waiting."""

    # What the sender does

    def _expect(self) -> asyncio.Future[Response]:
        """Begins to wait for a response."""
        self._state = State.WAITING
        self._head = self._loop.create_future()
        return self._head

    async def _received(self, head: asyncio.Future[Response]) -> Response:
        """The expected response, as soon as it starts. Raises RequestFailed."""
        try:
            return await head
        except BaseException:
            self.close()
            raise
        finally:
            self._head = None  # it refers to this stream

    def _start(self, status: int, fields: list[tuple[bytes, bytes]]) -> Response:
        self._state = State.RECEIVING
        response = Response(self, status, fields)
        if self._head is not None and not self._head.done():
            self._head.set_result(response)
        return response

    def _add(self, body: bytes) -> None:
        self._chunks.append(body)
        self._buffered += len(body)
        if self._buffered > CHUNK_BYTES:
            self._pause()
        wake(self._more)

    def _end(self) -> None:
        self._state = State.RECEIVED
        wake(self._more)

    def _fail(self, error: Exception) -> None:
        if self._state is not State.WAITING:
            self._error = error
        elif self._head is not None and not self._head.done():
            self._head.set_exception(error)
        wake(self._more)
        self.close()

    @abstractmethod
    def _pause(self) -> None:
        """The reader is slower than the sender."""

    @abstractmethod
    def _resume(self) -> None:
        """The reader has read everything."""


def wake(waiter: asyncio.Future[None] | None) -> None:
    """Let whoever awaits this future go on."""
    if waiter is not None and not waiter.done():
        waiter.set_result(None)

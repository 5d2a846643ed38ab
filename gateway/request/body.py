"""Reads request bodies: JSON as a whole, uploads as a stream; both are counted against their limit."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from http import HTTPStatus

from shared.body_limits import MAX_JSON_BYTES, MAX_UPLOAD_BYTES

from ..exchange import ClientDisconnected, Exchange
from ..responses import HttpError
from ..routes import Body, Route
from ..settings import Settings

BUFFERED_BYTES = 64 * 1024
"""Bytes of an upload that are received before it is forwarded: a slow client uses no capacity of the service."""
MAX_BODY_BYTES = {Body.NONE: MAX_JSON_BYTES, Body.JSON: MAX_JSON_BYTES, Body.UPLOAD: MAX_UPLOAD_BYTES}


class Upload:
    """A large body that is forwarded in chunks and counted."""

    def __init__(self, exchange: Exchange, limit: int, seconds: float) -> None:
        self._exchange = exchange
        self._too_large = partial(_too_large, limit)
        self._left = limit
        self._seconds = seconds
        self._first = bytearray()
        self.error: Callable[[], Exception] | None = None
        """Makes the error for which it could not be forwarded completely, if that is not a failure of the upstream."""

    @property
    def done(self) -> bool:
        """Whether all of it was received."""
        return self._exchange.body_done

    async def begin(self) -> None:
        """Receive the first bytes. Raises HttpError, BodyTooSlow or ClientDisconnected."""
        while not self.done and len(self._first) < BUFFERED_BYTES:
            self._first += self._counted(await self._exchange.read_body())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The chunks. Waiting for the client is limited by its data rate, waiting for the upstream by time."""
        yield bytes(self._first)
        self._first.clear()
        try:
            while not self.done:
                self._move_time_limit(None)
                part = self._counted(await self._exchange.read_body())
                self._move_time_limit(self._seconds)
                yield part
        except HttpError:
            self.error = self._too_large
            raise
        except ClientDisconnected:
            self.error = ClientDisconnected
            raise

    def _move_time_limit(self, seconds: float | None) -> None:
        if self._exchange.status is None:  # a response that has started early has its own limits
            self._exchange.time_limit.move(seconds)

    def _counted(self, part: bytes) -> bytes:
        self._left -= len(part)
        if self._left < 0:
            raise self._too_large()
        return part


async def read_body(exchange: Exchange, route: Route, settings: Settings) -> bytes | Upload | None:
    """The body to forward. JSON is read to its end first, so that a slow client uses no capacity of the service."""
    if exchange.body_done:
        return None
    limit = MAX_BODY_BYTES[route.body]
    length = exchange.request.content_length
    if length is not None and length > limit:
        raise _too_large(limit)
    upload = Upload(exchange, limit, settings.heavy_seconds) if route.body is Body.UPLOAD else None
    try:
        async with exchange.time_limit.within(None if upload else settings.body_seconds):
            if upload:
                await upload.begin()
                return upload
            content = await _whole(exchange, limit)
    except TimeoutError:
        raise body_timeout() from None
    return content if route.body is Body.JSON else None


async def _whole(exchange: Exchange, limit: int) -> bytes:
    content = bytearray()
    while not exchange.body_done:
        content += await exchange.read_body()
        if len(content) > limit:
            raise _too_large(limit)
    return bytes(content)


def body_timeout() -> HttpError:
    """408."""
    return HttpError(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", "The request was not received in time.")


def _too_large(limit: int) -> HttpError:
    detail = f"The body may have up to {limit} bytes."
    return HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)

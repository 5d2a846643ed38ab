"""What clients send along, counted as it comes: a body limit is only a limit if somebody counts."""

from collections.abc import AsyncIterator
from http import HTTPStatus

from shared.body_limits import MAX_JSON_BYTES, MAX_UPLOAD_BYTES

from ..exchange import ClientDisconnected, Exchange
from ..responses import HttpError
from ..routes import Body, Route
from ..settings import Settings

BUFFERED_BYTES = 64 * 1024
"""Of an upload, before its service hears of it: whoever sends less, and slowly, takes no place there."""
MAX_BODY_BYTES = {Body.NONE: MAX_JSON_BYTES, Body.JSON: MAX_JSON_BYTES, Body.UPLOAD: MAX_UPLOAD_BYTES}


class Upload:
    """A large body that is passed on part by part while it is counted."""

    def __init__(self, exchange: Exchange, limit: int, seconds: float) -> None:
        self._exchange = exchange
        self._left = limit
        self._seconds = seconds
        self._first = bytearray()
        self.error: HttpError | ClientDisconnected | None = None
        """Why it could not be passed on to its end; no fault of the upstream's."""

    @property
    def done(self) -> bool:
        """Whether all of it has come."""
        return self._exchange.body_done

    async def begin(self) -> None:
        """Wait for the first bytes. Raises HttpError, BodyTooSlow or ClientDisconnected."""
        while not self.done and len(self._first) < BUFFERED_BYTES:
            self._first += self._counted(await self._exchange.read_body())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The parts. While the client is waited for its data rate counts, while the upstream is, its time."""
        yield bytes(self._first)
        self._first.clear()
        try:
            while not self.done:
                self._allow(None)
                part = self._counted(await self._exchange.read_body())
                self._allow(self._seconds)
                yield part
        except (HttpError, ClientDisconnected) as error:
            self.error = error
            raise

    def _allow(self, seconds: float | None) -> None:
        if self._exchange.status is None:  # else an early answer is on its way, which has limits of its own
            self._exchange.allow(seconds)

    def _counted(self, part: bytes) -> bytes:
        self._left -= len(part)
        if self._left < 0:
            raise _too_large()
        return part


async def read_body(exchange: Exchange, route: Route, settings: Settings) -> bytes | Upload | None:
    """The body to pass on. A small one is waited for here, so that a slow client holds up no upstream."""
    if exchange.body_done:
        return None
    limit = MAX_BODY_BYTES[route.body]
    if exchange.length is not None and exchange.length > limit:
        raise _too_large()
    upload = Upload(exchange, limit, settings.heavy_seconds) if route.body is Body.UPLOAD else None
    try:
        async with exchange.within(None if upload else settings.body_seconds):
            if upload:
                await upload.begin()
                return upload
            content = await _whole(exchange, limit)
    except TimeoutError:
        raise exchange.stopped or too_slow() from None
    finally:
        exchange.timeout = None
    return content if route.body is Body.JSON else None


async def _whole(exchange: Exchange, limit: int) -> bytes:
    content = bytearray()
    while not exchange.body_done:
        content += await exchange.read_body()
        if len(content) > limit:
            raise _too_large()
    return bytes(content)


def too_slow() -> HttpError:
    """408."""
    return HttpError(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", "The body did not come in time.")


def _too_large() -> HttpError:
    detail = "The body is larger than this route takes."
    return HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)

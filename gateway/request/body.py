"""What clients send along, counted as it comes: a body limit is only a limit if somebody counts."""

from collections.abc import AsyncIterator
from http import HTTPStatus

from shared.body_limits import JSON_LIMIT, UPLOAD_LIMIT

from ..exchange import Gone, Visit
from ..responses import Refused
from ..routes import Body, Route
from ..settings import Settings

FIRST_BYTES = 64 * 1024
"""Of an upload, before its service hears of it: whoever sends less, and slowly, takes no place there."""
LIMITS = {Body.NONE: JSON_LIMIT, Body.JSON: JSON_LIMIT, Body.UPLOAD: UPLOAD_LIMIT}


class Upload:
    """A large body that is passed on part by part while it is counted."""

    def __init__(self, visit: Visit, limit: int, seconds: float) -> None:
        self._visit = visit
        self._left = limit
        self._seconds = seconds
        self._first = bytearray()
        self.trouble: Refused | Gone | None = None
        """Why it could not be passed on to its end; no fault of the upstream's."""

    @property
    def done(self) -> bool:
        """Whether all of it has come."""
        return self._visit.body_done

    async def begin(self) -> None:
        """Wait for the first bytes. Raises Refused, BodyTooSlow or Gone."""
        while not self.done and len(self._first) < FIRST_BYTES:
            self._first += self._counted(await self._visit.read())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The parts. While the client is waited for its data rate counts, while the upstream is, its time."""
        yield bytes(self._first)
        self._first.clear()
        try:
            while not self.done:
                self._allow(None)
                part = self._counted(await self._visit.read())
                self._allow(self._seconds)
                yield part
        except (Refused, Gone) as trouble:
            self.trouble = trouble
            raise

    def _allow(self, seconds: float | None) -> None:
        if self._visit.status is None:  # else an early answer is on its way, which has limits of its own
            self._visit.allow(seconds)

    def _counted(self, part: bytes) -> bytes:
        self._left -= len(part)
        if self._left < 0:
            raise _too_large()
        return part


async def take(visit: Visit, route: Route, settings: Settings) -> bytes | Upload | None:
    """The body to pass on. A small one is waited for here, so that a slow client holds up no upstream."""
    if visit.body_done:
        return None
    limit = LIMITS[route.body]
    if visit.length is not None and visit.length > limit:
        raise _too_large()
    upload = Upload(visit, limit, settings.heavy_seconds) if route.body is Body.UPLOAD else None
    try:
        async with visit.within(None if upload else settings.body_seconds):
            if upload:
                await upload.begin()
                return upload
            content = await _whole(visit, limit)
    except TimeoutError:
        raise visit.stopped or too_slow() from None
    finally:
        visit.timeout = None
    return content if route.body is Body.JSON else None


async def _whole(visit: Visit, limit: int) -> bytes:
    content = bytearray()
    while not visit.body_done:
        content += await visit.read()
        if len(content) > limit:
            raise _too_large()
    return bytes(content)


def too_slow() -> Refused:
    """408."""
    return Refused(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", "The body did not come in time.")


def _too_large() -> Refused:
    detail = "The body is larger than this route takes."
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)

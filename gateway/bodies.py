"""What clients send along, counted as it comes: a body limit is only a limit if somebody counts."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

from shared.web.bodies import JSON_LIMIT, UPLOAD_LIMIT

from .answers import Refused
from .routes import Body, Route
from .visit import Gone, Visit

LIMITS = {Body.NONE: JSON_LIMIT, Body.JSON: JSON_LIMIT, Body.UPLOAD: UPLOAD_LIMIT}


class Upload:
    """A large body that is passed on part by part while it is counted."""

    def __init__(self, visit: Visit, limit: int) -> None:
        self._visit = visit
        self._left = limit
        self.trouble: Refused | Gone | None = None
        """Why it could not be passed on to its end; no fault of the upstream's."""

    @property
    def done(self) -> bool:
        """Whether all of it has come."""
        return self._visit.body_done

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while not self.done:
                yield self._counted(await self._visit.read())
        except (Refused, Gone) as trouble:
            self.trouble = trouble
            raise

    def _counted(self, part: bytes) -> bytes:
        self._left -= len(part)
        if self._left < 0:
            raise _too_large()
        return part


async def take(visit: Visit, route: Route, seconds: float) -> bytes | Upload | None:
    """The body to pass on. A small one is waited for here, so that a slow client holds up no upstream."""
    if visit.body_done:
        return None
    limit = LIMITS[route.body]
    if visit.length is not None and visit.length > limit:
        raise _too_large()
    if route.body is Body.UPLOAD:
        return Upload(visit, limit)
    try:
        async with asyncio.timeout(seconds):
            content = await _whole(visit, limit)
    except TimeoutError:
        raise too_slow() from None
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

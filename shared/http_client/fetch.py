"""GET requests to one service, whose whole responses are read: limited in time, size, and number at the same time."""

import asyncio
from urllib.parse import quote, urlsplit

from .client import Client, Fields, origin_of
from .response import InvalidResponse, RequestFailed

CONNECT_SECONDS = 1.0
WAIT_SECONDS = 2.0
"""For a free connection, then for the head of the response, and then for each part of its body."""
MAX_AT_ONCE = 50
_RESERVED = "/?:@!$&'()*+,;=%"
"""What a path or query is made of, besides letters, digits, and `-._~` (RFC 3986). Everything else is encoded."""


class Fetcher:
    """Sends requests to one service. Connections are kept for a few seconds."""

    def __init__(self, url: str) -> None:
        """`url` begins all paths. Raises ValueError if it is not an http or https URL."""
        origin = origin_of(url)
        self._client = Client(origin, origin.host, CONNECT_SECONDS)
        self._path = urlsplit(url).path.rstrip("/")
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)

    async def get(self, path: str, fields: Fields, max_bytes: int) -> tuple[int, bytes]:
        """Status and body of the response. Raises RequestFailed, also for a larger body.

        Redirects are not followed. The path may have a query.
        """
        target = quote(self._path + path, safe=_RESERVED).encode()
        try:
            async with asyncio.timeout(WAIT_SECONDS) as limit, self._slots:
                return await self._get(target, fields, max_bytes, limit)
        except TimeoutError as error:
            raise RequestFailed("timeout") from error

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    async def _get(self, target: bytes, fields: Fields, max_bytes: int, limit: asyncio.Timeout) -> tuple[int, bytes]:
        _restart(limit)
        response = await self._client.request("GET", target, fields)
        content = bytearray()
        try:
            while not response.at_end:
                _restart(limit)
                content += await response.read()
                if len(content) > max_bytes:
                    raise InvalidResponse(f"more than {max_bytes} bytes")
        finally:
            response.release()
        return response.status, bytes(content)


async def fetch_once(url: str, max_bytes: int) -> tuple[int, bytes]:
    """Status and body of the response, over a connection of its own. Raises ValueError or RequestFailed."""
    fetcher = Fetcher(url)
    try:
        return await fetcher.get("", [], max_bytes)
    finally:
        fetcher.close()


def _restart(limit: asyncio.Timeout) -> None:
    limit.reschedule(asyncio.get_running_loop().time() + WAIT_SECONDS)

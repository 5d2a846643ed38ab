"""A minimal gateway of the same libraries: `python -m bench.forwarder PORT URL`.

It uses uvicorn and the client of aiohttp, and looks up whether a token is known. It verifies and limits nothing.
"""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cached_property
from typing import Any

import aiohttp
import uvicorn
from yarl import URL

from shared.server.config import server_options

Message = MutableMapping[str, Any]
KEPT_BACK = (b"date", b"server")


class Forwarder:
    """Forwards requests to the only service, and returns its responses in one piece."""

    def __init__(self, url: str) -> None:
        self._origin = URL(url)
        self._known: set[bytes] = set()

    @cached_property
    def _http(self) -> aiohttp.ClientSession:
        """Created in the running loop."""
        connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=60)
        return aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)

    async def __call__(
        self, scope: Message, _receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        token = dict(scope["headers"]).get(b"authorization", b"")
        if token not in self._known:
            self._known.add(token)
        url = self._origin.with_path(scope["path"])
        headers = {"authorization": token.decode()}
        async with self._http.request(scope["method"], url, headers=headers, allow_redirects=False) as answer:
            body = await answer.read()
        told = [(name, value) for name, value in answer.raw_headers if name.lower() not in KEPT_BACK]
        await send({"type": "http.response.start", "status": answer.status, "headers": told})
        await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve until stopped."""
    uvicorn.run(Forwarder(sys.argv[2]), port=int(sys.argv[1]), lifespan="off", **server_options())


if __name__ == "__main__":
    main()

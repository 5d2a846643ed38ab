"""The smallest possible upstream: `python -m bench.baseline_server PORT FILE` answers every request with 6 kB.

The file has the JWK set that it publishes; it reports no revocations.
"""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn

from shared.server.config import server_options

BYTES = 6_000
PAGE = b'{"items": ["' + b"x" * (BYTES - 36) + b'"], "next_cursor": null}'
OTHERS = {
    "/internal/revocations": b'{"session_ids": [], "user_ids": []}',
    "/readyz": b'{"status": "ready"}',
    "/openapi.json": b'{"openapi": "3.1.0", "info": {"title": "bare", "version": "1"}, "paths": {}}',
}

Message = MutableMapping[str, Any]


class Bare:
    """The same response to every request."""

    def __init__(self, keys: bytes) -> None:
        self._answers = {path: _messages(body) for path, body in OTHERS.items()}
        self._answers["/.well-known/jwks.json"] = _messages(keys)
        self._page = _messages(PAGE)

    async def __call__(
        self, scope: Message, _receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        for message in self._answers.get(scope["path"], self._page):
            await send(dict(message))


def _messages(body: bytes) -> tuple[Message, Message]:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return (
        {"type": "http.response.start", "status": 200, "headers": headers},
        {"type": "http.response.body", "body": body},
    )


def main() -> None:
    """Serve until stopped."""
    app = Bare(Path(sys.argv[2]).read_bytes())
    uvicorn.run(app, port=int(sys.argv[1]), lifespan="off", **server_options())


if __name__ == "__main__":
    main()

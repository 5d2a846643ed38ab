"""Addresses in answers, for a service whose paths begin with a prefix that a proxy takes away (`PUBLIC_URL`)."""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ADDRESS = re.compile(rb'("(?:avatar_|thumbnail_)?url": ?")(?=/)')
"""The members that hold an address. No text of a person's can look like one: in it, each quote is escaped."""


class PublicPath:
    """Puts the prefix before each address on its way out, so that what is stored and signed does not depend on it.

    What services tell one another, at `/internal`, stays as it is.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or WebSocket."""
        if scope["type"] == "lifespan" or scope["path"].startswith("/internal/"):
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _Answer(self._prefix, send))


class _Answer:
    """One answer. JSON is held back until it is complete, as its length changes."""

    def __init__(self, prefix: str, send: Send) -> None:
        self._prefix = prefix
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif message["type"] == "http.response.body" and self._start is not None:
            await self._go_on(self._start, message)
        elif message["type"] == "websocket.send":
            await self._send({**message, "text": self._prefixed(message["text"].encode()).decode()})
        else:
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        headers = MutableHeaders(raw=list(message["headers"]))
        if headers.get("location", "").startswith("/"):
            headers["location"] = self._prefix + headers["location"]
        if "link" in headers:
            headers["link"] = headers["link"].replace("</", f"<{self._prefix}/")
        start = {**message, "headers": headers.raw}
        if headers.get("content-type") == "application/json":
            self._start = start
        else:
            await self._send(start)

    async def _go_on(self, start: Message, message: Message) -> None:
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = self._prefixed(self._body)
        headers = MutableHeaders(raw=start["headers"])
        if "content-length" in headers:
            headers["content-length"] = str(len(body))
        await self._send({**start, "headers": headers.raw})
        await self._send({**message, "body": body})

    def _prefixed(self, content: bytes) -> bytes:
        return _ADDRESS.sub(rb"\g<1>" + self._prefix.encode(), content)

"""Adds to URLs in responses the path prefix that a proxy removes (`PUBLIC_URL`), or the URL of a CDN (`CDN_URL`)."""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ADDRESS = re.compile(rb'("(?:avatar_|thumbnail_)?url": ?")(?=/)')
"""The members that contain a URL. Text of users cannot look like one, because quotes in it are escaped."""
_PUBLIC_FILE = re.compile(_ADDRESS.pattern + rb"(?=/api/v1/(?:media|avatars)/)")
"""The same, of a file that anyone may see and that a CDN may cache. Other files are private."""


class PublicPath:
    """Adds the prefix to each URL in responses, so that stored and signed URLs do not depend on it.

    URLs of public files begin with `cdn_url` instead, if there is one. Headers are the same as without a CDN, and
    responses of `/internal` routes are not changed.
    """

    def __init__(self, app: ASGIApp, prefix: str, cdn_url: str = "") -> None:
        self._app = app
        self._prefix = prefix
        self._cdn_url = cdn_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or WebSocket."""
        if scope["type"] == "lifespan" or scope["path"].startswith("/internal/"):
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _Answer(self._prefix, self._cdn_url, send))


class _Answer:
    """One response. JSON is buffered until it is complete, because its length changes."""

    def __init__(self, prefix: str, cdn_url: str, send: Send) -> None:
        self._prefix = prefix
        self._cdn_url = cdn_url
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
        if self._cdn_url:
            content = _PUBLIC_FILE.sub(rb"\g<1>" + self._cdn_url.encode(), content)
        return _ADDRESS.sub(rb"\g<1>" + self._prefix.encode(), content)

"""gzip for responses (RFC 9110, section 8.4.1.3)."""

import re
import zlib
from functools import lru_cache

from shared.asgi import Application, Message, Receive, Scope, Send

MIN_BYTES = 1024
"""Bytes. A shorter body fits into one packet anyway."""
LEVEL = 1
"""20 posts, 13 kB of JSON: 92 us and 2.8 kB; at level 6 124 us and 2.5 kB."""
VARY = "accept-encoding"
_GZIP_MEMBER = 16 + zlib.MAX_WBITS
_REFUSED = re.compile(rb"\s*;\s*q\s*=\s*0(\.0*)?\s*", re.IGNORECASE)


@lru_cache(64)
def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether these content codings of a client include gzip: by its name, else by `*`, and not with a weight of 0."""
    accepted = {}
    for each in accept_encoding.lower().split(b","):
        name, semicolon, weight = each.partition(b";")
        accepted[name.strip()] = not _REFUSED.fullmatch(semicolon + weight)
    return accepted.get(b"gzip", accepted.get(b"*", False))


def gzipped(body: bytes, level: int = LEVEL) -> bytes:
    """The same bytes in gzip. The same body gives the same bytes at any time."""
    packer = zlib.compressobj(level, zlib.DEFLATED, _GZIP_MEMBER)
    return packer.compress(body) + packer.flush()


class Compression:
    """ASGI middleware that compresses JSON responses to GET.

    Responses to POST are not compressed: some contain tokens, and the length of a compressed response reveals parts of
    its content to an attacker who controls other parts of it (BREACH).
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["method"] == "GET":
            given = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
            if given and accepts_gzip(given):
                send = _Compressing(send)
        await self._app(scope, receive, send)


class _Compressing:
    """Delays the head of a response until its body is known."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._head: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._head = message
            return
        if self._head is not None:
            head, self._head = self._head, None
            if _is_worth_it(head, message):
                head, message = _compressed(head, message)
            await self._send(head)
        await self._send(message)


def _is_worth_it(head: Message, message: Message) -> bool:
    whole = not message.get("more_body", False) and len(message.get("body", b"")) >= MIN_BYTES
    names = dict(head["headers"])
    return whole and names.get(b"content-type") == b"application/json" and b"content-encoding" not in names


def _compressed(head: Message, message: Message) -> tuple[Message, Message]:
    body = gzipped(message["body"])
    others = [(name, value) for name, value in head["headers"] if name != b"content-length"]
    added = [(b"content-length", b"%d" % len(body)), (b"content-encoding", b"gzip")]
    return {**head, "headers": [*others, *added]}, {**message, "body": body}

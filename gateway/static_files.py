"""Files that do not change while the process runs: compressed once, and revalidated by ETag."""

import hashlib
import re
from http import HTTPStatus

from shared.compression import MIN_BYTES, VARY, accepts_gzip, gzipped

from . import responses
from .exchange import Exchange, Headers

LEVEL = 9
_TAG = re.compile(rb'"[^"]*"')


class StaticFile:
    """A file, with its response headers."""

    def __init__(self, body: bytes, media_type: bytes, *headers: tuple[bytes, bytes]) -> None:
        digest = hashlib.sha256(body).hexdigest()[:32].encode()
        packed = min(body, gzipped(body, LEVEL), key=len) if len(body) >= MIN_BYTES else body
        self.body, self._plain_tag = body, b'"%b"' % digest
        self._packed, self._packed_tag = packed, b'"%b-gzip"' % digest
        self._media_type = media_type
        self._headers = headers
        self._is_packed = len(packed) < len(body)

    async def send(self, exchange: Exchange) -> None:
        """200, or 304 if If-None-Match has one of its ETags, of any content coding (RFC 9110, section 13.1.2)."""
        packed = self._is_packed and accepts_gzip(exchange.request.headers.get(b"accept-encoding", b""))
        headers: Headers = [(b"etag", self._packed_tag if packed else self._plain_tag), *self._headers]
        if self._is_packed:
            headers.append((b"vary", VARY.encode()))
        if self._is_known(exchange.request.headers.get(b"if-none-match", b"")):
            await exchange.start_response(HTTPStatus.NOT_MODIFIED, headers)
            await exchange.end_response()
            return
        if packed:
            headers.append((b"content-encoding", b"gzip"))
        await responses.send_bytes(
            exchange, HTTPStatus.OK, self._packed if packed else self.body, self._media_type, *headers
        )

    def _is_known(self, if_none_match: bytes) -> bool:
        if if_none_match.strip() == b"*":
            return True
        return not {self._plain_tag, self._packed_tag}.isdisjoint(_TAG.findall(if_none_match))

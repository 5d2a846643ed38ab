"""Serves stored pictures: our own content type, never sniffed, never run, cached for ever, whole or by ranges."""

import hashlib
import re
from collections.abc import Generator
from typing import Annotated, Any

from fastapi import Path, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from shared.files.storage import LONGEST_NAME, Storage

CHUNK_BYTES = 256 * 1024
"""Bytes."""
HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "content-disposition": 'inline; filename="picture.jpg"',
    "cross-origin-resource-policy": "cross-origin",
    "accept-ranges": "bytes",
}
_ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*")')
_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})", re.IGNORECASE)

UPLOAD_MEDIA_TYPES = tuple(f"image/{kind}" for kind in ("jpeg", "png", "webp", "gif", "heic", "heif", "avif"))
"""What an upload may be."""
_FILE = {"contentType": ", ".join(UPLOAD_MEDIA_TYPES)}
IMAGE_UPLOAD_OPENAPI = {"requestBody": {"content": {"multipart/form-data": {"encoding": {"file": _FILE}}}}}
"""The `openapi_extra=` of a route that takes a picture as `file`. (What it is told by its content.)"""


_PICTURE: dict[str, Any] = {"image/jpeg": {}}
IMAGE_RESPONSES_OPENAPI: dict[int | str, dict[str, Any]] = {
    200: {"content": _PICTURE, "description": "The picture"},
    206: {"content": _PICTURE, "description": "The range of it that was asked for"},
    304: {"description": "The client has it already"},
}
"""The `responses=` of a route that serves a picture, beside its problems, of which 416 is one."""


Name = Annotated[str, Path(max_length=LONGEST_NAME)]
"""Of a stored picture, in the path of a route. 404 for one that is longer."""


def image_response(request: Request, storage: Storage, name: str, *, cache: str | None = None) -> Response:
    """The picture by GET or HEAD: 200, 206 for a single range, 304 for a tag that is still right (RFC 9110).

    Raises NotFound, and HTTPException 416 for a range outside of it. Several ranges at once are answered whole.
    """
    headers = HEADERS | {"etag": _tag(name)} | ({} if cache is None else {"cache-control": cache})
    asked = request.headers
    if request.method == "GET" and "if-none-match" not in asked and "range" not in asked:
        return whole(storage, name, headers)
    size = storage.size(name)
    if _is_known(asked.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers=headers | {"content-length": str(size)}, media_type="image/jpeg")
    found = _range(asked.get("range", ""), size) if asked.get("if-range", headers["etag"]) == headers["etag"] else None
    if found is None:
        return whole(storage, name, headers)
    start, end = found
    headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    return Response(storage.get_range(name, start, end), 206, headers, "image/jpeg")


def _tag(name: str) -> str:
    """A strong one: what has a name never changes."""
    return f'"{hashlib.sha256(name.encode()).hexdigest()[:32]}"'


def _is_known(if_none_match: str | None, tag: str) -> bool:
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in _ENTITY_TAG.findall(if_none_match)


def _range(given: str, size: int) -> tuple[int, int] | None:
    """Start and end of a single range of bytes; None for what has to be ignored."""
    found = _RANGE.fullmatch(given.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    if start >= size:
        headers = {"content-range": f"bytes */{size}"}
        raise HTTPException(416, f"The picture has {size} bytes.", headers)
    return start, end


def whole(storage: Storage, name: str, headers: dict[str, str]) -> Response:
    """All of the picture, a large one in pieces: one that is read slowly costs a piece. Raises NotFound."""
    length, pieces = storage.stream(name, CHUNK_BYTES)
    if length <= CHUNK_BYTES:
        return Response(b"".join(pieces), headers=headers, media_type="image/jpeg")
    return _StreamedFile(pieces, {**headers, "content-length": str(length)})


class _StreamedFile(StreamingResponse):
    def __init__(self, pieces: Generator[bytes], headers: dict[str, str]) -> None:
        super().__init__(pieces, headers=headers, media_type="image/jpeg")
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # Where the client has left, references from the cancelled task would keep the file open, and what was
            # read of it in memory, until the garbage collector runs.
            self._pieces.close()

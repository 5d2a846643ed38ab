"""Serves stored images: with a fixed content type, never sniffed, cached for a day, whole or by ranges."""

import hashlib
import re
from collections.abc import Generator
from typing import Annotated, Any

from fastapi import Path, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from shared.files.storage import MAX_NAME_LENGTH, Storage
from shared.images.variants import EXTENSIONS

CHUNK_BYTES = 256 * 1024
"""Bytes."""
CACHE_SECONDS = 24 * 60 * 60
"""How long a cache may serve a public image without asking again: so long it may outlive its deletion there."""
HEADERS = {
    "cache-control": f"public, max-age={CACHE_SECONDS}, immutable",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "cross-origin",
    "accept-ranges": "bytes",
}
_ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*")')
_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})", re.IGNORECASE)

UPLOAD_MEDIA_TYPES = tuple(f"image/{kind}" for kind in ("jpeg", "png", "webp", "gif", "heic", "heif", "avif"))
"""Media types that an upload may have."""
_FILE = {"contentType": ", ".join(UPLOAD_MEDIA_TYPES)}
IMAGE_UPLOAD_OPENAPI = {"requestBody": {"content": {"multipart/form-data": {"encoding": {"file": _FILE}}}}}
"""The `openapi_extra=` of a route that accepts an image as `file`. (The type is detected from the content.)"""


_MEDIA_TYPES = {extension: media_type for media_type, extension in EXTENSIONS.items()}
_PICTURE: dict[str, Any] = {media_type: {} for media_type in EXTENSIONS}
IMAGE_RESPONSES_OPENAPI: dict[int | str, dict[str, Any]] = {
    200: {"content": _PICTURE, "description": "The picture"},
    206: {"content": _PICTURE, "description": "The requested range"},
    304: {"description": "The client has the current version"},
}
"""The `responses=` of a route that serves an image, in addition to its problems, which include 416."""


Name = Annotated[str, Path(max_length=MAX_NAME_LENGTH)]
"""The maximum length of a file name in the path of a route; 404 for longer ones."""


def image_response(request: Request, storage: Storage, name: str, *, cache: str | None = None) -> Response:
    """The response to GET or HEAD: 200, 206 for a single range, 304 for a matching ETag (RFC 9110).

    Raises NotFound, and HTTPException 416 for a range outside the image. Several ranges get the whole image.
    """
    own = {"etag": _tag(name), "content-disposition": f'inline; filename="picture.{_extension(name)}"'}
    headers = HEADERS | own | ({} if cache is None else {"cache-control": cache})
    asked = request.headers
    if request.method == "GET" and "if-none-match" not in asked and "range" not in asked:
        return whole(storage, name, headers)
    size = storage.size(name)
    if _is_known(asked.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers=headers | {"content-length": str(size)}, media_type=_media_type(name))
    found = _range(asked.get("range", ""), size) if asked.get("if-range", headers["etag"]) == headers["etag"] else None
    if found is None:
        return whole(storage, name, headers)
    start, end = found
    headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    return Response(storage.get_range(name, start, end), 206, headers, _media_type(name))


def _media_type(name: str) -> str:
    """Of a file that we have made and named."""
    return _MEDIA_TYPES[_extension(name)]


def _extension(name: str) -> str:
    extension = name.rpartition(".")[2]
    return extension if extension in _MEDIA_TYPES else "jpg"


def _tag(name: str) -> str:
    """A strong ETag: the content of a name never changes."""
    return f'"{hashlib.sha256(name.encode()).hexdigest()[:32]}"'


def _is_known(if_none_match: str | None, tag: str) -> bool:
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in _ENTITY_TAG.findall(if_none_match)


def _range(given: str, size: int) -> tuple[int, int] | None:
    """Start and end of a single byte range; None for a header that has to be ignored."""
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
        raise HTTPException(416, f"The image has {size} bytes.", headers)
    return start, end


def whole(storage: Storage, name: str, headers: dict[str, str]) -> Response:
    """The whole image, streamed in chunks if it is large, so that a slow client occupies little memory.

    Raises NotFound.
    """
    length, pieces = storage.stream(name, CHUNK_BYTES)
    if length <= CHUNK_BYTES:
        return Response(b"".join(pieces), headers=headers, media_type=_media_type(name))
    return StreamedFile(pieces, {**headers, "content-length": str(length)}, _media_type(name))


class StreamedFile(StreamingResponse):
    """A file in pieces, which is closed at the end and after a disconnect."""

    def __init__(self, pieces: Generator[bytes], headers: dict[str, str], media_type: str) -> None:
        super().__init__(pieces, headers=headers, media_type=media_type)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # After a disconnect, references from the cancelled task would keep the file open, and its last chunk in
            # memory, until the garbage collector runs.
            self._pieces.close()

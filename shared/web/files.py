"""Serves stored pictures: our own content type, never sniffed, never run, cached for ever."""

from starlette.responses import Response, StreamingResponse

from shared.storage import Storage

PIECE = 256 * 1024
"""Bytes."""
HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "content-disposition": 'inline; filename="picture.jpg"',
    "cross-origin-resource-policy": "cross-origin",
}

TYPES = tuple(f"image/{kind}" for kind in ("jpeg", "png", "webp", "gif", "heic", "heif", "avif"))
"""What an upload may be."""
_FILE = {"contentType": ", ".join(TYPES)}
TAKEN = {"requestBody": {"content": {"multipart/form-data": {"encoding": {"file": _FILE}}}}}
"""The `openapi_extra=` of a route that takes a picture as `file`. (What it is told by its content.)"""


def answer(storage: Storage, name: str, *, cache: str | None = None) -> Response:
    """200 with the picture. Raises NotFound."""
    headers = HEADERS if cache is None else {**HEADERS, "cache-control": cache}
    return whole(storage, name, headers)


def whole(storage: Storage, name: str, headers: dict[str, str]) -> Response:
    """All of the picture, a large one in pieces: one that is read slowly costs a piece. Raises NotFound."""
    length, pieces = storage.stream(name, PIECE)
    if length <= PIECE:
        return Response(b"".join(pieces), headers=headers, media_type="image/jpeg")
    return StreamingResponse(pieces, headers={**headers, "content-length": str(length)}, media_type="image/jpeg")

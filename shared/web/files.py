"""Serves stored pictures: our own content type, never sniffed, never run, cached for ever."""

from starlette.responses import Response

from shared.storage import Storage

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
    data = storage.get(name)
    headers = HEADERS if cache is None else {**HEADERS, "cache-control": cache}
    return Response(data, headers=headers, media_type="image/jpeg")

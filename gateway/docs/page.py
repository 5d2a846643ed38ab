"""The API documentation: the page of Swagger UI with its files, the OpenAPI and the AsyncAPI document."""

import asyncio
from functools import cache
from pathlib import Path

import orjson

from ..exchange import Exchange
from ..responses import HttpError
from ..static_files import StaticFile

PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Shutter</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = b"""SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  filter: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""
_POLICY = (
    b"content-security-policy",
    # The page styles itself with style attributes, and its icons are data: addresses.
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    b" connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)
_FILES = {
    "swagger-ui-bundle.js": ("swagger-ui-bundle.js", b"text/javascript; charset=utf-8"),
    "swagger-ui.css": ("swagger-ui.css", b"text/css; charset=utf-8"),
    "favicon.png": ("favicon-32x32.png", b"image/png"),
}
_FOLDER = Path(__file__).parent
_SWAGGER_UI = _FOLDER / "swagger_ui"
"""From the npm package swagger-ui-dist: the Python packages that contain it depend on a web framework, or are old."""
_JSON = b"application/json"
_CHECKED = (b"cache-control", b"no-cache")
"""Cached by browsers, and validated by ETag each time."""


class Docs:
    """The handler of these routes. `make openapi` writes the documents: they describe the routes of this release."""

    def __init__(self, public_path: str) -> None:
        self._public_path = public_path

    async def send(self, exchange: Exchange) -> None:
        """`GET /docs`, `/docs/{file}`, `/openapi.json`, `/asyncapi.json`"""
        found = (await asyncio.to_thread(_files, self._public_path)).get(exchange.path)
        if found is None:
            raise HttpError(404, "not_found", "There is nothing here.")
        await found.send(exchange)


@cache
def _files(public_path: str) -> dict[str, StaticFile]:
    """All files by path. Read and compressed at the first request, because they take 3 MB that few processes need."""
    cached = (b"cache-control", b"public, max-age=3600")
    files = {
        f"/docs/{name}": StaticFile((_SWAGGER_UI / file).read_bytes(), kind, cached)
        for name, (file, kind) in _FILES.items()
    }
    return {
        **files,
        "/docs": StaticFile(PAGE, b"text/html; charset=utf-8", _CHECKED, _POLICY),
        "/docs/start.js": StaticFile(START, b"text/javascript; charset=utf-8", cached),
        "/openapi.json": StaticFile(_openapi(public_path), _JSON, _CHECKED),
        "/asyncapi.json": StaticFile((_FOLDER / "asyncapi.json").read_bytes(), _JSON, _CHECKED),
    }


def _openapi(public_path: str) -> bytes:
    """The document with the path prefix of this installation."""
    written = (_FOLDER / "openapi.json").read_bytes()
    if not public_path:
        return written
    document = orjson.loads(written)
    document["servers"] = [{**server, "url": public_path} for server in document["servers"]]
    return orjson.dumps(document)

"""The API documentation: the page of Swagger UI with its files, the OpenAPI and the AsyncAPI document."""

import importlib.util
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
_JSON = b"application/json"
_CHECKED = (b"cache-control", b"no-cache")
"""Cached by browsers, and validated by ETag each time."""


class Docs:
    """The handlers. `make openapi` writes the documents: they describe the routes of this release."""

    def __init__(self, public_path: str) -> None:
        cached = (b"cache-control", b"public, max-age=3600")
        self._page = StaticFile(PAGE, b"text/html; charset=utf-8", _CHECKED, _POLICY)
        self._files = {
            name: StaticFile((_swagger_folder() / file).read_bytes(), kind, cached)
            for name, (file, kind) in _FILES.items()
        }
        self._files["start.js"] = StaticFile(START, b"text/javascript; charset=utf-8", cached)
        self._openapi = StaticFile(_openapi(public_path), _JSON, _CHECKED)
        self._asyncapi = StaticFile((_FOLDER / "asyncapi.json").read_bytes(), _JSON, _CHECKED)

    async def page(self, exchange: Exchange) -> None:
        """`GET /docs`"""
        await self._page.send(exchange)

    async def file(self, exchange: Exchange) -> None:
        """`GET /docs/{file}`"""
        found = self._files.get(exchange.path.rpartition("/")[2])
        if found is None:
            raise HttpError(404, "not_found", "There is nothing here.")
        await found.send(exchange)

    async def openapi(self, exchange: Exchange) -> None:
        """`GET /openapi.json`"""
        await self._openapi.send(exchange)

    async def asyncapi(self, exchange: Exchange) -> None:
        """`GET /asyncapi.json`"""
        await self._asyncapi.send(exchange)


def _openapi(public_path: str) -> bytes:
    """The document with the path prefix of this installation."""
    written = (_FOLDER / "openapi.json").read_bytes()
    if not public_path:
        return written
    document = orjson.loads(written)
    document["servers"] = [{**server, "url": public_path} for server in document["servers"]]
    return orjson.dumps(document)


def _swagger_folder() -> Path:
    """The folder of Swagger UI in the package, whose own code is not imported."""
    found = importlib.util.find_spec("fastapi_swagger")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("The package fastapi-swagger, which brings Swagger UI, is not installed.")
    return Path(found.submodule_search_locations[0]) / "resources"

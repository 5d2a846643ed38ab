"""The documentation page: one Swagger UI over all services, every file of it served from here."""

import asyncio
import importlib.util
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from . import answers
from .answers import Refused, unavailable
from .description import merged
from .proxy import Proxy
from .routes import Table
from .visit import Visit

KEPT_SECONDS = 60.0
INCOMPLETE_KEPT_SECONDS = 1.0
FETCH_SECONDS = 5.0

PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Shutter</title>
<link rel="icon" href="/docs/favicon.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
START = b"""SwaggerUIBundle({
  url: "/openapi.json",
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
POLICY = (
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


class Docs:
    """The page, its files, and the description it shows."""

    def __init__(self, proxy: Proxy, table: Table) -> None:
        self._proxy = proxy
        self._table = table
        self._files = {name: ((_folder() / file).read_bytes(), kind) for name, (file, kind) in _FILES.items()}
        self._files["start.js"] = (START, b"text/javascript; charset=utf-8")
        self._documents: dict[str, Mapping[str, Any]] = {}
        self._description = b""
        self._stale_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def page(self, visit: Visit) -> None:
        """`GET /docs`"""
        kind = b"text/html; charset=utf-8"
        await answers.document(visit, 200, PAGE, kind, (b"cache-control", b"no-cache"), POLICY)

    async def file(self, visit: Visit) -> None:
        """`GET /docs/{file}`"""
        found = self._files.get(visit.path.rpartition("/")[2])
        if found is None:
            raise Refused(404, "not_found", "There is nothing here.")
        await answers.document(visit, 200, *found, (b"cache-control", b"public, max-age=3600"))

    async def description(self, visit: Visit) -> None:
        """`GET /openapi.json`: the last good description of each service, as one."""
        async with self._fetching:
            if time.monotonic() > self._stale_at:
                await self._fetch()
        missing = [name for name in self._proxy.upstreams if name not in self._documents]
        if missing:
            detail = f"The description of {', '.join(missing)} could not be fetched yet."
            raise unavailable("description_unavailable", detail)
        kind = b"application/json"
        await answers.document(visit, 200, self._description, kind, (b"cache-control", b"no-cache"))

    async def _fetch(self) -> None:
        names = list(self._proxy.upstreams)
        found = await asyncio.gather(*map(self._document, names))
        self._documents |= {name: document for name, document in zip(names, found, strict=True) if document}
        known = {name: self._documents[name] for name in names if name in self._documents}
        self._description = orjson.dumps(merged(known, self._table))
        self._stale_at = time.monotonic() + (KEPT_SECONDS if all(found) else INCOMPLETE_KEPT_SECONDS)

    async def _document(self, name: str) -> Mapping[str, Any] | None:
        found = await self._proxy.fetch(name, "/openapi.json", FETCH_SECONDS)
        if found is None or found[0] != 200:
            return None
        try:
            document = orjson.loads(found[1])
        except orjson.JSONDecodeError:
            return None
        return document if isinstance(document, dict) and "paths" in document else None


def _folder() -> Path:
    """Where the package keeps Swagger UI; its own code is not wanted and not imported."""
    found = importlib.util.find_spec("fastapi_swagger")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("The package fastapi-swagger, which brings Swagger UI, is not installed.")
    return Path(found.submodule_search_locations[0]) / "resources"

"""Merges the OpenAPI documents of the services into one, with the routes and headers of the gateway."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.routes import LOCAL, Access, Route, Router

from .components import Components, rewritten
from .gateway_operations import PATHS
from .links import with_links
from .problems import schemas
from .responses import described, shared_headers, shared_responses

METHODS = ("get", "put", "post", "delete", "patch")
SCHEME = "accessToken"
ABOUT = {
    "auth": "Accounts, passwords, sessions, tokens",
    "social": "Who follows whom",
    "posts": "Photos, posts, likes, comments, the home feed",
    "dm": "Rooms of two users, and their messages",
    "notifications": "What happened to a user",
    LOCAL: "Health and documentation",
}
VERSION = "1.1.0"
"""The minor version increases with each addition; the major version is that of the paths."""
INFO = {
    "title": "Shutter",
    "version": VERSION,
    "summary": "Share photos, follow people, send private messages",
    "description": "Sign up, log in, and give the `access_token` of the answer to **Authorize**.\n\n"
    "What is pushed over the WebSocket is described in [/asyncapi.json](/asyncapi.json). Within a version routes,"
    " fields and codes are only added: clients ignore what they do not know.",
    "contact": {"name": "The operator of this instance"},
    "license": {"name": "MIT", "identifier": "MIT"},
}
SERVERS = [{"url": "/", "description": "This instance"}]
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The `access_token` from `POST /api/v1/auth/login`",
}
_SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    Access.PUBLIC: [],
    Access.OPTIONAL: [{}, {SCHEME: []}],
    Access.SIGNED_IN: [{SCHEME: []}],
}


def merged(documents: Mapping[str, Mapping[str, Any]], table: Router, codes: list[str]) -> dict[str, Any]:
    """The whole interface. `documents` are those of the services, by their names; `codes` are those of all problems."""
    components = Components()
    components.adopt(LOCAL, {"schemas": schemas(codes)})
    paths: dict[str, dict[str, Any]] = {}
    for name, document in {**documents, LOCAL: {"paths": PATHS}}.items():
        # Each service describes problems as well; the common one with all codes is added already.
        parts = {**document.get("components", {})}
        parts["schemas"] = {key: value for key, value in parts.get("schemas", {}).items() if key != "Problem"}
        renamed = components.adopt(name, parts)
        for path, method, operation, route in _routed(name, document["paths"], table):
            own = {**rewritten(operation, renamed), "tags": [name], "security": _SECURITY[route.access]}
            own["responses"] = described(own["responses"], route)
            paths.setdefault(path, {})[method] = own
    with_links(paths)
    sections = {**components.sections, "responses": shared_responses(paths), "headers": shared_headers()}
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": SERVERS,
        "tags": [{"name": name, "description": ABOUT[name]} for name in (*documents, LOCAL)],
        "paths": without_titles(paths),
        "components": {
            **sections,
            "schemas": _titled(sections["schemas"]),
            "securitySchemes": {SCHEME: _TOKEN},
        },
    }


def _routed(
    name: str, paths: Mapping[str, Mapping[str, Any]], table: Router
) -> Iterator[tuple[str, str, dict[str, Any], Route]]:
    """The operations of this document that the table routes to this service."""
    for path, item in paths.items():
        node = table.match(path)
        for method in METHODS:
            route = node.routes.get(method.upper()) if node else None
            if method in item and route is not None and route.upstream == name:
                yield path, method, item[method], route


def _titled(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Set the title of each schema to its name: generators name types by titles, so titles must be unique."""
    return {name: {**without_titles(schema), "title": name} for name, schema in sorted(schemas.items())}


def without_titles(value: Any) -> Any:
    """A copy without the titles that pydantic derives from field names. (A field named `title` stays.)"""
    if isinstance(value, dict):
        return {
            name: without_titles(each) if name not in ("example", "examples") else each
            for name, each in value.items()
            if not (name == "title" and isinstance(each, str))
        }
    if isinstance(value, list):
        return [without_titles(each) for each in value]
    return value

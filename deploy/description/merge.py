"""One OpenAPI document out of those of the services: what the route table lets through, as it lets it through."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from shared import errors
from shared.web import problems

from .answers import Refused, from_shared, problem, unavailable
from .components import Components, rewritten
from .quotas import quota
from .rates import too_many
from .routes import NONE, OWN, PUBLIC, Route, Table

METHODS = ("get", "put", "post", "delete", "patch")
SCHEME = "accessToken"
ABOUT = {
    "auth": "Who exists: accounts, passwords, sessions, tokens",
    "social": "Who follows whom",
    "posts": "Photos, posts, likes, comments, the home feed",
    "dm": "Rooms of two, and what is said there",
    OWN: "The door itself",
}
INFO = {
    "title": "Shutter",
    "version": "1.0.0",
    "description": "Share photos, follow people, talk in private. Sign up, log in, and give the `access_token` of"
    " the answer to **Authorize**.",
    "license": {"name": "MIT", "identifier": "MIT"},
}
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The `access_token` from `POST /api/v1/auth/login`",
}
_SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "PUBLIC": [],
    "OPTIONAL": [{}, {SCHEME: []}],
    "SIGNED_IN": [{SCHEME: []}],
}


def merged(documents: Mapping[str, Mapping[str, Any]], table: Table) -> dict[str, Any]:
    """The whole interface. `documents` are the services' own, by their names."""
    components = Components()
    components.adopt(OWN, {"schemas": _problem_schemas()})
    paths: dict[str, dict[str, Any]] = {}
    for name, document in {**documents, OWN: {"paths": _OWN_PATHS}}.items():
        renamed = components.adopt(name, document.get("components", {}))
        for path, method, operation, route in _routed(name, document["paths"], table):
            described = {**rewritten(operation, renamed), "tags": [name], "security": _SECURITY[route.access.name]}
            described["responses"] = {**_problems_of(route), **described["responses"]}
            paths.setdefault(path, {})[method] = described
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": ABOUT[name]} for name in (*documents, OWN)],
        "paths": paths,
        "components": {**components.sections, "securitySchemes": {SCHEME: _TOKEN}},
    }


def _routed(
    name: str, paths: Mapping[str, Mapping[str, Any]], table: Table
) -> Iterator[tuple[str, str, dict[str, Any], Route]]:
    """The operations of this document that the table sends to this service."""
    for path, item in paths.items():
        place = table.find(path)
        for method in METHODS:
            route = place.routes.get(method.upper()) if place else None
            if method in item and route is not None and route.upstream == name:
                yield path, method, item[method], route


def _problems_of(route: Route) -> dict[str, Any]:
    """What the gateway may answer on this route before, or instead of, the service."""
    if route.upstream == OWN:
        return {}
    possible = [
        Refused(HTTPStatus.BAD_REQUEST, "malformed_path", "The path is not in a form that means one thing only."),
        Refused(HTTPStatus.BAD_GATEWAY, "upstream_failed", "This part of the service failed to answer."),
        unavailable("upstream_unavailable", "This part of the service cannot be reached right now."),
        too_many(quota("anonymous", "300/5minute"), 0),
    ]
    if route.access is not PUBLIC:
        possible.append(from_shared(errors.Unauthenticated("invalid_token", "The access token is missing.")))
    if route.body is not NONE:
        possible.append(Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "The body is too large."))
    return {str(int(each.status)): _documented(each) for each in possible}


def _documented(refused: Refused) -> dict[str, Any]:
    example = orjson.loads(problem(refused, "/api/v1/feed", "5f0c2b8e9d1a4f6b8c7d6e5f4a3b2c1d"))
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {
        "description": problems.title(refused.status),
        "headers": problems.documented_headers(refused.status),
        "content": {problems.MEDIA_TYPE: content},
    }


def _problem_schemas() -> dict[str, Any]:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(problems.Problem, "serialization")]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")
    return dict(schemas["$defs"])


def _own(name: str, summary: str, kind: str, example: object, **others: Any) -> dict[str, Any]:
    schema = {"type": "object" if kind == "application/json" else "string"}
    answer = {"description": "OK", "content": {kind: {"schema": schema, "example": example}}}
    return {"get": {"operationId": f"{OWN}_{name}", "summary": summary, "responses": {"200": answer, **others}}}


_STATES = {"auth": "up", "social": "up", "posts": "up", "dm": "down"}
_READY = {"status": "degraded", "revocations": "loaded", "upstreams": _STATES}
_NOT_READY = {"status": "starting", "revocations": "unknown", "upstreams": _STATES}
_NOT_DESCRIBED = unavailable("description_unavailable", "The description of dm could not be fetched yet.")
_OWN_PATHS = {
    "/healthz": _own("healthz", "Whether the gateway is up", "application/json", {"status": "up"}),
    "/readyz": _own(
        "readyz",
        "Whether the gateway can serve, and the state of each service",
        "application/json",
        _READY,
        **{
            "503": {
                "description": "Not now",
                "content": {"application/json": {"schema": {"type": "object"}, "example": _NOT_READY}},
            }
        },
    ),
    "/docs": _own("docs", "This page", "text/html", "<!doctype html>"),
    "/openapi.json": _own(
        "openapi",
        "This description",
        "application/json",
        {"openapi": "3.1.0"},
        **{"503": _documented(_NOT_DESCRIBED)},
    ),
}

"""The operations of the gateway itself, for OpenAPI."""

from typing import Any

from gateway.routes import LOCAL


def _own(name: str, summary: str, about: str, kind: str, example: object, **others: Any) -> dict[str, Any]:
    schema = {"type": "object" if kind == "application/json" else "string"}
    answer = {"description": "OK", "content": {kind: {"schema": schema, "example": example}}}
    responses = {"200": answer, **others}
    described = {"operationId": f"{LOCAL}_{name}", "summary": summary, "description": about}
    return {"get": {**described, "responses": responses}}


def _document(name: str, summary: str, kind: str, example: object) -> dict[str, Any]:
    """A document that changes only with a release."""
    about = "With an `ETag`: a request with `If-None-Match` gets it only if it has changed."
    unchanged = {"description": "Not Modified", "headers": {"ETag": _ETAG}}
    own = _own(name, summary, about, kind, example, **{"304": unchanged})
    own["get"]["responses"]["200"]["headers"] = {"ETag": _ETAG}
    own["get"]["parameters"] = [
        {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "description": "The `ETag` of the client's copy",
            "schema": {"type": "string"},
        }
    ]
    return own


_ETAG = {"description": "Identifies this content", "required": True, "schema": {"type": "string"}}
_STATES = {"auth": "up", "social": "up", "posts": "up", "dm": "down", "notifications": "up"}
_READY = {"status": "degraded", "revocations": "loaded", "upstreams": _STATES}
_NOT_READY = {"status": "starting", "revocations": "unknown", "upstreams": _STATES}
PATHS = {
    "/healthz": _own(
        "healthz",
        "Whether the gateway is up",
        "200 while the process responds.",
        "application/json",
        {"status": "up"},
    ),
    "/readyz": _own(
        "readyz",
        "Whether the gateway can serve",
        "The response has the state of each service. One unavailable service does not make the gateway unready.",
        "application/json",
        _READY,
        **{
            "503": {
                "description": "Not now",
                "headers": {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}},
                "content": {"application/json": {"schema": {"type": "object"}, "example": _NOT_READY}},
            }
        },
    ),
    "/docs": _document("docs", "The page that shows this description", "text/html", "<!doctype html>"),
    "/openapi.json": _document("openapi", "This description", "application/json", {"openapi": "3.1.0"}),
    "/asyncapi.json": _document(
        "asyncapi", "The events of the WebSocket, as AsyncAPI", "application/json", {"asyncapi": "3.0.0"}
    ),
}

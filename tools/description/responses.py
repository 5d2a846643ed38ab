"""What all responses have in common: headers that the gateway adds, and problems described once."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from gateway.routes import UNLIMITED, Route
from shared import problem_details

from .problems import problems_of

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_HEADERS = {
    "X-Request-ID": {
        "description": "The id of this request: that of the client if it is well-formed, else a new one",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
        "example": "5f0c2b8e9d1a4f6b8c7d6e5f4a3b2c1d",
    },
    "RateLimit-Policy": {
        "description": "The limit that this request counts towards: at most `q` in `w` seconds"
        " (draft-ietf-httpapi-ratelimit-headers)",
        "schema": _TEXT,
        "example": '"person";q=1500;w=300',
    },
    "RateLimit": {
        "description": "The remaining requests: `r` in the next `t` seconds",
        "schema": _TEXT,
        "example": '"person";r=1499;t=213',
    },
    "X-RateLimit-Limit": {"description": "`q` of RateLimit-Policy", "schema": _COUNT, "example": 1500},
    "X-RateLimit-Remaining": {"description": "`r` of RateLimit", "schema": _COUNT, "example": 1499},
    "X-RateLimit-Reset": {
        "description": "The end of the window: seconds since 1970",
        "schema": _COUNT,
        "example": 1785412800,
    },
}
_OF_COUNTED = ("RateLimit-Policy", "RateLimit", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def described(responses: Mapping[str, Any], route: Route) -> dict[str, Any]:
    """The responses of an operation, with what the gateway adds."""
    names = ["X-Request-ID"] if route.rate_limit is UNLIMITED else ["X-Request-ID", *_OF_COUNTED]
    added = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    whole = {**problems_of(route), **responses}
    return {status: {**each, "headers": {**each.get("headers", {}), **added}} for status, each in sorted(whole.items())}


def shared_headers() -> dict[str, Any]:
    """The `headers` component."""
    return _HEADERS


def shared_responses(paths: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The `responses` component: the problem of each status, to which operations refer."""
    found: dict[str, Any] = {}
    for item in paths.values():
        for operation in item.values():
            operation["responses"] = {
                status: _referred(status, each, found) for status, each in operation["responses"].items()
            }
    return found


def _referred(status: str, response: Mapping[str, Any], found: dict[str, Any]) -> Mapping[str, Any]:
    """A reference to the problem of this status. Other descriptions stay."""
    if problem_details.MEDIA_TYPE not in response.get("content", {}):
        return response
    name = problem_details.title(HTTPStatus(int(status))).replace(" ", "")
    if _content(found.setdefault(name, response)) != _content(response):
        return response
    return {"$ref": f"#/components/responses/{name}"}


def _content(response: Mapping[str, Any]) -> Any:
    """The part of a problem that matters to a client; examples do not."""
    media = response["content"][problem_details.MEDIA_TYPE]
    return response.get("headers"), {key: value for key, value in media.items() if key != "example"}

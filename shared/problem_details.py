"""The format of error responses (RFC 9457, application/problem+json), their statuses, and their OpenAPI schema."""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field

from shared import errors

MEDIA_TYPE = "application/problem+json"
MAX_FIELD_ERRORS = 50
"""In one response: a small body can contain thousands of unknown fields."""
STATUS: dict[type[errors.AppError], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.Invalid: 422,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
}
CODES = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    426: "upgrade_required",
}
_EXAMPLES = {
    400: ("malformed_json", "The body is not valid JSON in UTF-8."),
    401: ("invalid_token", "The access token is missing."),
    403: ("not_yours", "It belongs to another user."),
    409: ("idempotency_in_progress", "The first request with this key is still running."),
    422: ("validation_failed", "/text: String should have at least 1 character"),
    429: ("rate_limited", "At most 300 such requests in 300 seconds."),
    500: ("internal_error", "Something went wrong on our side."),
    503: ("database_unavailable", "The database cannot be reached right now."),
}
"""Examples in OpenAPI. Errors of the framework have their codes above."""
_TITLES = {
    413: "Content Too Large",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}  # RFC 9110; older Pythons have older names


class FieldProblem(BaseModel):
    """One invalid field or parameter."""

    pointer: Annotated[str, Field(description="JSON pointer (RFC 6901) into the body", examples=["/caption"])]
    code: Annotated[str, Field(examples=["string_too_long"])]
    detail: Annotated[str, Field(examples=["String should have at most 2200 characters"])]


class Problem(BaseModel):
    """An RFC 9457 problem. `code` is stable; `detail` is for people and may change."""

    type: Annotated[str, Field(examples=["about:blank"])]
    title: Annotated[str, Field(examples=["Not Found"])]
    status: Annotated[int, Field(ge=400, le=599, examples=[404])]
    detail: Annotated[str, Field(examples=["There is nothing here."])]
    instance: Annotated[str, Field(examples=["/api/v1/posts/0037a52d5f400001"])]
    code: Annotated[str, Field(examples=["not_found"], description="docs/errors.md lists them; more may come")]
    request_id: Annotated[str, Field(examples=["5f0c2b8e9d1a4f6b8c7d6e5f4a3b2c1d"])]
    continuation: Annotated[
        str, Field(default="", max_length=4096, description="Only of a sign-in with a provider: to go on with")
    ]
    name: Annotated[
        str | None, Field(default=None, max_length=254, description="With a continuation: the name at the provider")
    ]
    email: Annotated[
        str | None,
        Field(default=None, max_length=254, description="With a continuation: the confirmed address, or null"),
    ]
    errors: Annotated[
        list[FieldProblem],
        Field(
            default_factory=list,
            max_length=MAX_FIELD_ERRORS,
            description="The invalid fields. Always present with 422; empty if no single field is invalid",
        ),
    ]


def body(
    status: int,
    code: str,
    detail: str,
    *,
    path: str,
    request_id: str,
    field_errors: tuple[errors.FieldError, ...] = (),
    extensions: Mapping[str, str | None] | None = None,
) -> bytes:
    """The bytes of one problem."""
    fields: dict[str, Any] = {
        "type": "about:blank",
        "title": title(status),
        "status": status,
        "detail": detail,
        "instance": path,
        "code": code,
        "request_id": request_id,
        **(extensions or {}),
    }
    if status == HTTPStatus.UNPROCESSABLE_ENTITY or field_errors:
        fields["errors"] = [
            {"pointer": each.pointer, "code": each.code, "detail": each.detail} for each in field_errors
        ]
    return orjson.dumps(fields)


def title(status: int) -> str:
    """The reason phrase of a status (RFC 9110)."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def headers_for(status: int, retry_after: int | None = None) -> dict[str, str]:
    """The headers of a problem with this status."""
    headers = {"cache-control": "no-store"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer error="invalid_token"'
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["retry-after"] = str(retry_after or 1)
    return headers


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: the problems that it may answer, for OpenAPI.

    Every route answers 422 for unknown query parameters, and 503 while the database is unavailable.
    """
    return {status: _documented(status) for status in sorted({*statuses, 422, 503})}


@cache
def _documented(status: int) -> dict[str, Any]:
    """One for all routes: there are a hundred of them, and nothing changes it."""
    return {
        "description": title(status),
        "headers": documented_headers(status),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": _example(status)}},
    }


def documented_headers(status: int) -> dict[str, Any]:
    """Those of `headers_for` that clients act on, for OpenAPI."""
    if status == HTTPStatus.UNAUTHORIZED:
        schema = {"type": "string", "const": headers_for(status)["www-authenticate"]}
        return {"WWW-Authenticate": {"required": True, "schema": schema}}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        seconds = {"type": "integer", "minimum": 1}
        return {"Retry-After": {"required": True, "schema": seconds, "description": "Seconds"}}
    return {}


def _example(status: int) -> dict[str, Any]:
    code, detail = _EXAMPLES.get(status) or (CODES[status], title(status))
    path, request_id = "/api/v1/posts/0037a52d5f400001", "5f0c2b8e9d1a4f6b8c7d6e5f4a3b2c1d"
    example = orjson.loads(body(status, code, detail, path=path, request_id=request_id))
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        wrong = {"pointer": "/text", "code": "string_too_short", "detail": "String should have at least 1 character"}
        example["errors"] = [wrong]
    return dict(example)

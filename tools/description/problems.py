"""The problems that the gateway may return, and the schema of all problems, for OpenAPI."""

from http import HTTPStatus
from typing import Any

import orjson
from pydantic.json_schema import models_json_schema

from gateway.rate_limit.limiter import too_many_requests
from gateway.rate_limit.rate_limits import parse_rate_limit
from gateway.request.validation import unsupported_content_encoding
from gateway.responses import HttpError, from_app_error, problem, service_unavailable
from gateway.routes import LOCAL, NONE, PUBLIC, UNLIMITED, Route
from shared import errors, problem_details

REFERENCE = "#/components/schemas/"


def schemas(codes: list[str]) -> dict[str, Any]:
    """Of a problem and its parts. Clients must accept codes that are added later."""
    _, found = models_json_schema([(problem_details.Problem, "validation")], ref_template=REFERENCE + "{model}")
    made: dict[str, Any] = found["$defs"]
    made["Problem"]["properties"]["code"]["x-extensible-enum"] = codes
    return made


def problems_of(route: Route) -> dict[str, Any]:
    """The problems that the gateway may return on this route before, or instead of, the service."""
    if route.rate_limit is UNLIMITED:  # probes
        return {}
    possible = [
        HttpError(HTTPStatus.BAD_REQUEST, "malformed_path", "The path is malformed or ambiguous."),
        too_many_requests(parse_rate_limit("anonymous", "300/5minute"), 300, 0),
    ]
    if route.upstream != LOCAL:
        possible.append(
            HttpError(HTTPStatus.BAD_GATEWAY, "upstream_failed", "This part of the service failed to respond.")
        )
        possible.append(
            service_unavailable("upstream_unavailable", "This part of the service cannot be reached right now.")
        )
    if route.access is not PUBLIC:
        possible.append(from_app_error(errors.Unauthenticated("invalid_token", "The access token is missing.")))
    if route.body is not NONE:
        possible.append(unsupported_content_encoding())
        possible.append(HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "The body is too large."))
    return {str(int(each.status)): _documented(each) for each in possible}


def _documented(refused: HttpError) -> dict[str, Any]:
    example = orjson.loads(problem(refused, "/api/v1/feed", "5f0c2b8e9d1a4f6b8c7d6e5f4a3b2c1d"))
    content = {"schema": {"$ref": f"{REFERENCE}Problem"}, "example": example}
    return {
        "description": problem_details.title(refused.status),
        "headers": problem_details.documented_headers(refused.status),
        "content": {problem_details.MEDIA_TYPE: content},
    }

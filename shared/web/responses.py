"""Builds responses whose JSON is serialised once."""

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.responses import Response

from shared import compression, ids
from shared.idempotency import StoredResponse
from shared.security.access_tokens import REVOKED_SESSIONS_HEADER, REVOKED_USER_HEADER


def to_response(answer: StoredResponse) -> Response:
    """The stored response as a response of the framework, with `no-store`."""
    headers = {"cache-control": "no-store", **answer.headers}
    if len(answer.body) >= compression.MIN_BYTES:
        headers["vary"] = compression.VARY
    return Response(answer.body or None, answer.status, headers, "application/json" if answer.body else None)


def ok(value: Any) -> Response:
    """200 with this JSON."""
    return to_response(StoredResponse(200, orjson.dumps(value)))


def accepted(value: Any) -> Response:
    """202 with this JSON."""
    return to_response(StoredResponse(202, orjson.dumps(value)))


def created(value: Any, location: str) -> StoredResponse:
    """201 with this JSON and its location."""
    return StoredResponse(201, orjson.dumps(value), {"location": location})


def with_revocations(answer: Response, *, logins: Iterable[int] = (), subject: int | None = None) -> Response:
    """The same response with headers that tell the gateway which tokens are revoked; the gateway removes them."""
    answer.headers[REVOKED_SESSIONS_HEADER] = " ".join(ids.encode(each) for each in logins)
    if subject is not None:
        answer.headers[REVOKED_USER_HEADER] = ids.encode(subject)
    return answer


def empty() -> Response:
    """204."""
    return to_response(StoredResponse(204, b""))

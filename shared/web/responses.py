"""What goes out: built once, as bytes."""

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.responses import Response

from shared import compression, ids
from shared.idempotency import StoredResponse
from shared.security.access_tokens import REVOKED_SESSIONS_HEADER, REVOKED_USER_HEADER


def to_response(answer: StoredResponse) -> Response:
    """The answer as the framework sends it; whoever keeps copies of it is told not to."""
    headers = {"cache-control": "no-store", **answer.headers}
    if len(answer.body) >= compression.SMALLEST:
        headers["vary"] = compression.VARY
    return Response(answer.body or None, answer.status, headers, "application/json" if answer.body else None)


def ok(value: Any) -> Response:
    """200 with this JSON."""
    return to_response(StoredResponse(200, orjson.dumps(value)))


def accepted(value: Any) -> Response:
    """202 with this JSON."""
    return to_response(StoredResponse(202, orjson.dumps(value)))


def created(value: Any, location: str) -> StoredResponse:
    """201 with this JSON, and where to find it."""
    return StoredResponse(201, orjson.dumps(value), {"location": location})


def with_revocations(answer: Response, *, logins: Iterable[int] = (), subject: int | None = None) -> Response:
    """The same answer; the gateway learns from it, and tells nobody, which tokens are void from now on."""
    answer.headers[REVOKED_SESSIONS_HEADER] = " ".join(ids.encode(each) for each in logins)
    if subject is not None:
        answer.headers[REVOKED_USER_HEADER] = ids.encode(subject)
    return answer


def empty() -> Response:
    """204."""
    return to_response(StoredResponse(204, b""))

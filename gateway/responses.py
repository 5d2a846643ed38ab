"""What the gateway says itself: refusals as problem+json in the form of every service, and small documents."""

from http import HTTPStatus

import orjson

from shared import errors, metrics, problem_details

from .exchange import Headers, Visit

PART = 64 * 1024
"""Bytes of a document that are handed over at once, so that slow clients do not fill the memory."""


class Refused(Exception):
    """The gateway does not forward this request, or has nothing good to hand back."""

    def __init__(
        self, status: int, code: str, detail: str, *, retry_after: int | None = None, headers: Headers | None = None
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.headers = headers or []


def unavailable(code: str, detail: str, retry_after: int = 1) -> Refused:
    """503, worth trying again."""
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, code, detail, retry_after=retry_after)


def from_shared(refusal: errors.Refusal) -> Refused:
    """What the shared plumbing refused, with the status that every service gives it."""
    status = problem_details.STATUS[type(refusal)]
    return Refused(status, refusal.code, refusal.detail, retry_after=refusal.retry_after)


def not_allowed(methods: tuple[str, ...]) -> Refused:
    """405."""
    allow = (b"allow", ", ".join(methods).encode())
    detail = "This method is not there."
    return Refused(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, headers=[allow])


def surprise() -> Refused:
    """500: our own mistake, told in general."""
    return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong on our side.")


async def refuse(visit: Visit, refused: Refused) -> None:
    """Answer with a problem."""
    metrics.REFUSED_AT_DOOR.labels(refused.code).inc()
    body = problem(refused, visit.path, visit.request_id)
    await visit.begin(refused.status, problem_headers(refused, len(body)))
    await visit.end(body)


def problem(refused: Refused, path: str, request_id: str) -> bytes:
    """The bytes of a problem."""
    return problem_details.body(refused.status, refused.code, refused.detail, path=path, request_id=request_id)


def problem_headers(refused: Refused, length: int) -> Headers:
    """The headers of a problem, without those that every answer has."""
    usual = problem_details.headers_for(refused.status, refused.retry_after)
    return [
        (b"content-type", problem_details.MEDIA_TYPE.encode()),
        (b"content-length", str(length).encode()),
        *((name.encode(), value.encode()) for name, value in usual.items()),
        *refused.headers,
    ]


async def json(visit: Visit, status: int, value: object, *headers: tuple[bytes, bytes]) -> None:
    """Answer with a document that is not to be kept."""
    not_kept = (b"cache-control", b"no-store")
    await document(visit, status, orjson.dumps(value), b"application/json", not_kept, *headers)


async def document(visit: Visit, status: int, body: bytes, kind: bytes, *headers: tuple[bytes, bytes]) -> None:
    """Answer with these bytes."""
    length = (b"content-length", str(len(body)).encode())
    await visit.begin(status, [(b"content-type", kind), length, *headers])
    sent = 0
    while len(body) - sent > PART:
        await visit.go_on(body[sent : sent + PART])
        sent += PART
    await visit.end(body[sent:])


async def nothing(visit: Visit, *headers: tuple[bytes, bytes]) -> None:
    """204."""
    await visit.begin(HTTPStatus.NO_CONTENT, list(headers))
    await visit.end()

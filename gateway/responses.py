"""What the gateway says itself: refusals as problem+json in the form of every service, and small documents."""

from http import HTTPStatus

import orjson

from shared import errors, metrics, problem_details

from .exchange import Exchange, Headers

CHUNK_BYTES = 64 * 1024
"""Bytes of a document that are handed over at once, so that slow clients do not fill the memory."""


class HttpError(Exception):
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


def service_unavailable(code: str, detail: str, retry_after: int = 1) -> HttpError:
    """503, worth trying again."""
    return HttpError(HTTPStatus.SERVICE_UNAVAILABLE, code, detail, retry_after=retry_after)


def from_app_error(refusal: errors.AppError) -> HttpError:
    """What the shared plumbing refused, with the status that every service gives it."""
    status = problem_details.STATUS[type(refusal)]
    return HttpError(status, refusal.code, refusal.detail, retry_after=refusal.retry_after)


def method_not_allowed(methods: tuple[str, ...]) -> HttpError:
    """405."""
    allow = (b"allow", ", ".join(methods).encode())
    detail = "This method is not there."
    return HttpError(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, headers=[allow])


def internal_error() -> HttpError:
    """500: our own mistake, told in general."""
    return HttpError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong on our side.")


async def send_error(exchange: Exchange, error: HttpError) -> None:
    """Answer with a problem."""
    metrics.REFUSED_AT_DOOR.labels(error.code).inc()
    body = problem(error, exchange.path, exchange.request_id)
    await exchange.start_response(error.status, problem_headers(error, len(body)))
    await exchange.end_response(body)


def problem(error: HttpError, path: str, request_id: str) -> bytes:
    """The bytes of a problem."""
    return problem_details.body(error.status, error.code, error.detail, path=path, request_id=request_id)


def problem_headers(error: HttpError, length: int) -> Headers:
    """The headers of a problem, without those that every answer has."""
    usual = problem_details.headers_for(error.status, error.retry_after)
    return [
        (b"content-type", problem_details.MEDIA_TYPE.encode()),
        (b"content-length", str(length).encode()),
        *((name.encode(), value.encode()) for name, value in usual.items()),
        *error.headers,
    ]


async def send_json(exchange: Exchange, status: int, value: object, *headers: tuple[bytes, bytes]) -> None:
    """Answer with a document that is not to be kept."""
    not_kept = (b"cache-control", b"no-store")
    await send_bytes(exchange, status, orjson.dumps(value), b"application/json", not_kept, *headers)


async def send_bytes(exchange: Exchange, status: int, body: bytes, kind: bytes, *headers: tuple[bytes, bytes]) -> None:
    """Answer with these bytes."""
    length = (b"content-length", str(len(body)).encode())
    await exchange.start_response(status, [(b"content-type", kind), length, *headers])
    sent = 0
    while len(body) - sent > CHUNK_BYTES:
        await exchange.send_chunk(body[sent : sent + CHUNK_BYTES])
        sent += CHUNK_BYTES
    await exchange.end_response(body[sent:])


async def send_no_content(exchange: Exchange, *headers: tuple[bytes, bytes]) -> None:
    """204."""
    await exchange.start_response(HTTPStatus.NO_CONTENT, list(headers))
    await exchange.end_response()

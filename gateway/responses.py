"""Responses of the gateway itself: errors as problem documents in the form of every service, JSON, and bytes."""

from http import HTTPStatus

import orjson

from shared import errors, problem_details

from . import metrics
from .exchange import Exchange, Headers

CHUNK_BYTES = 64 * 1024
"""Bytes of a body that are written at once, so that slow clients do not fill the memory."""


class HttpError(Exception):
    """An error response of the gateway."""

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
    """503, with Retry-After."""
    return HttpError(HTTPStatus.SERVICE_UNAVAILABLE, code, detail, retry_after=retry_after)


def from_app_error(error: errors.AppError) -> HttpError:
    """An error of shared code, with the status that the services use for it."""
    status = problem_details.STATUS[type(error)]
    return HttpError(status, error.code, error.detail, retry_after=error.retry_after)


def method_not_allowed(methods: tuple[str, ...]) -> HttpError:
    """405."""
    allow = (b"allow", ", ".join(methods).encode())
    detail = "Method not allowed for this resource."
    return HttpError(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, headers=[allow])


def internal_error() -> HttpError:
    """500, without details."""
    return HttpError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong on our side.")


async def send_error(exchange: Exchange, error: HttpError) -> None:
    """Send a problem document."""
    metrics.REJECTED.labels(error.code).inc()
    body = problem(error, exchange.path, exchange.request_id)
    await exchange.start_response(error.status, problem_headers(error, len(body)))
    await exchange.end_response(body)


def problem(error: HttpError, path: str, request_id: str) -> bytes:
    """The bytes of a problem document."""
    return problem_details.body(error.status, error.code, error.detail, path=path, request_id=request_id)


def problem_headers(error: HttpError, length: int) -> Headers:
    """The headers of a problem document, without those of every response."""
    usual = problem_details.headers_for(error.status, error.retry_after)
    return [
        (b"content-type", problem_details.MEDIA_TYPE.encode()),
        (b"content-length", str(length).encode()),
        *((name.encode(), value.encode()) for name, value in usual.items()),
        *error.headers,
    ]


async def send_json(exchange: Exchange, status: int, value: object, *headers: tuple[bytes, bytes]) -> None:
    """Send JSON that may not be cached."""
    not_cached = (b"cache-control", b"no-store")
    await send_bytes(exchange, status, orjson.dumps(value), b"application/json", not_cached, *headers)


async def send_bytes(
    exchange: Exchange, status: int, body: bytes, media_type: bytes, *headers: tuple[bytes, bytes]
) -> None:
    """Send these bytes."""
    length = (b"content-length", str(len(body)).encode())
    await exchange.start_response(status, [(b"content-type", media_type), length, *headers])
    sent = 0
    while len(body) - sent > CHUNK_BYTES:
        await exchange.send_chunk(body[sent : sent + CHUNK_BYTES])
        sent += CHUNK_BYTES
    await exchange.end_response(body[sent:])


async def send_no_content(exchange: Exchange, *headers: tuple[bytes, bytes]) -> None:
    """204."""
    await exchange.start_response(HTTPStatus.NO_CONTENT, list(headers))
    await exchange.end_response()

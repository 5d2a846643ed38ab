"""Creates the FastAPI application of a service: routes, workers, middleware, error handlers, health checks."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import errors, metrics, request_ids, request_log
from shared.background import PeriodicWorker
from shared.compression import Compression
from shared.database.engine import Database
from shared.database.queues import WorkQueue
from shared.draining import Draining
from shared.events.bus import Bus
from shared.measurements import Measurements
from shared.pagination import CursorSigner
from shared.security.service_calls import InternalCallerVerifier
from shared.security.verifier import CachingTokenVerifier, JwksClient, TokenVerifier, fetch_from
from shared.settings import Settings
from shared.tracing import spans
from shared.web import exception_handlers, health, openapi, threadpools
from shared.web.fast_path import FastPathMiddleware
from shared.web.public_path import PublicPath
from shared.web.spool import SpoolSpace
from shared.websockets.handshake import as_get_request, is_accepted, serve_accepted


class HttpClient(Protocol):
    """Has connections to close at the end."""

    async def close(self) -> None:
        """Close them."""


def create_service_app(  # noqa: PLR0913 - all parts of a service, named at the call
    name: str,
    settings: Settings,
    *,
    database: Database,
    bus: Bus,
    routers: Sequence[APIRouter],
    workers: Sequence[PeriodicWorker] = (),
    clients: Sequence[HttpClient] = (),
    queues: Sequence[WorkQueue] = (),
    closing: Sequence[Callable[[], None]] = (),
) -> FastAPI:
    """The application of a service. Workers and connections are started and stopped with it."""

    reads_in_event_loop = not database.has_row_locks

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        threadpools.set_size(settings.pool_size)
        if reads_in_event_loop:
            database.keep_connection()
        spans.set_service(name)
        stop_measuring = Measurements(name, database, bus, queues).start()
        await bus.start()
        for worker in workers:
            worker.start()
        yield
        stop_measuring()
        for worker in workers:
            await worker.stop()
        await bus.stop()
        for client in clients:
            await client.close()
        for close in (*closing, database.close):
            close()

    app = FastAPI(
        title=f"Shutter {name}",
        version="1.0.0",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        # The routes themselves: include_router() would build each of them again, with its validators.
        routes=[route for router in (*routers, health.router) for route in router.routes],
        telemetry={"tracing": False, "metrics": False, "logs": False},  # metrics are in RequestContextMiddleware
    )
    database.listeners.wake(workers)
    keys = JwksClient(fetch_from(f"{settings.auth_url}/.well-known/jwks.json"))
    app.state.verifier = CachingTokenVerifier(
        TokenVerifier(keys, issuer=settings.token_issuer, audience=settings.token_audience)
    )
    app.state.callers = InternalCallerVerifier(
        name, {who: secret.get_secret_value() for who, secret in settings.callers.items()}
    )
    app.state.cursors = CursorSigner(settings.key("cursors"))
    app.state.database = database
    app.state.bus = bus
    app.state.broker_was_connected = False
    app.state.draining = Draining()
    app.state.settings = settings
    app.state.spool_space = SpoolSpace(settings.spool_bytes)
    for kind, handler in _handlers().items():
        app.add_exception_handler(kind, handler)
    _add_middleware(app, name, settings, routers, reads_in_event_loop=reads_in_event_loop)
    openapi.install(app, name)
    return app


def _add_middleware(
    app: FastAPI, name: str, settings: Settings, routers: Sequence[APIRouter], *, reads_in_event_loop: bool
) -> None:
    """The middleware that is added last is called first."""
    app.add_middleware(
        FastPathMiddleware, routers=routers, refusals=_handlers(), reads_in_event_loop=reads_in_event_loop
    )
    app.add_middleware(RequestContextMiddleware, service=name)
    if settings.public_path or settings.cdn_url:
        app.add_middleware(PublicPath, prefix=settings.public_path, cdn_url=settings.cdn_url)
    app.add_middleware(Compression)


def _handlers() -> dict[type[Exception], Callable[..., Any]]:
    return {
        errors.AppError: exception_handlers.on_app_error,
        RequestValidationError: exception_handlers.on_invalid_request,
        HTTPException: exception_handlers.on_http_error,
    }


class RequestContextMiddleware:
    """Request id, logging context, metrics and the span of each request."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service
        self._timers: dict[tuple[str, int | None], Callable[[float], None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            scope, receive, send = as_get_request(scope, receive, send)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["request_id"] = request_id = request_ids.of(scope["headers"])
        started = time.perf_counter()
        status: int | None = None

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            spans.continue_request(self._service, scope["headers"]) as span,
        ):
            try:
                await self._app(scope, receive, observed)
                await serve_accepted(scope)
            except Exception as problem:
                if status is not None or is_accepted(scope):  # the response has begun: it can only be aborted
                    raise
                await exception_handlers.on_unexpected_error(Request(scope), problem)(scope, receive, observed)
            finally:
                route = getattr(scope.get("route"), "path", "unknown")
                seconds = time.perf_counter() - started
                if not is_accepted(scope):
                    self._timer(route, status)(seconds)
                span.describe_http(request_log.known(scope["method"]), route, status, request_id)
                request_log.write(self._service, request_id, scope["method"], route, status, seconds)

    def _timer(self, route: str, status: int | None) -> Callable[[float], None]:
        timer = self._timers.get((route, status))
        if timer is None:
            timer = self._timers[route, status] = metrics.REQUESTS.labels(self._service, route, status).observe
        return timer

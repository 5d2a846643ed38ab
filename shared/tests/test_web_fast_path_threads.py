"""Where the fast path calls functions: those that read run in the event loop on SQLite, all others in threads."""

import asyncio
import threading
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.database.engine import Database
from shared.events.in_memory import InMemoryBus
from shared.settings import Settings
from shared.testing import running_service
from shared.web import fast_path, responses
from shared.web.application import create_service_app
from shared.web.request_body import StrictRequest, StrictRoute


def _thread() -> Response:
    return responses.ok(threading.get_ident())


async def _event_loop() -> Response:
    return responses.ok(threading.get_ident())


def _routes() -> APIRouter:
    router = APIRouter(route_class=StrictRoute, include_in_schema=False)
    router.get("/thread")(_thread)
    router.put("/thread")(_thread)
    router.api_route("/without-fast-path", methods=["GET", "OPTIONS"])(_thread)
    router.get("/event-loop")(_event_loop)
    return router


def test_functions_that_read_run_in_the_event_loop_on_sqlite(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/none.db")
    database = Database(settings.database_url)
    app = create_service_app("plain", settings, database=database, bus=InMemoryBus(), routers=[_routes()])
    with running_service(app) as service:
        event_loop = service.client.get("/event-loop").json()
        assert service.client.get("/thread").json() == event_loop
        assert service.client.put("/thread").json() != event_loop
        assert service.client.get("/without-fast-path").json() != event_loop


def test_functions_that_read_run_in_a_thread_on_a_database_server() -> None:
    async def ask() -> Response | None:
        handle = fast_path.handler(_thread)
        assert handle is not None
        return await handle(StrictRequest(Request({"type": "http", "query_string": b"", "headers": []})))

    answer = asyncio.run(ask())
    assert answer is not None and int(answer.body) != threading.get_ident()

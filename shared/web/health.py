"""`/healthz` (liveness) and `/readyz` (readiness) of every service."""

import orjson
from fastapi import APIRouter, Request
from sqlalchemy.exc import DBAPIError
from starlette.responses import Response

from shared import errors
from shared.database.engine import Database
from shared.web.request_body import StrictRoute
from shared.web.threadpools import run_in_internal_pool

router = APIRouter(include_in_schema=False, route_class=StrictRoute)


@router.get("/healthz")
async def healthz() -> Response:
    """200 while the process responds."""
    return Response(b'{"status":"up"}', media_type="application/json")


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """200 if the service can process requests, else 503. The body names the state of database and broker.

    Without the broker it can, as events wait in the outbox. Only after its start it has to be connected once: before
    that it would miss the events that it passes on to WebSockets.
    """
    state = request.app.state
    database, broker = await _database_answers(request), state.bus.connected
    state.broker_was_connected |= broker
    if state.draining.started:
        status = "draining"
    elif not database or not state.broker_was_connected:
        status = "not ready"
    else:
        status = "ready" if broker else "degraded"
    body = orjson.dumps({"status": status, "database": _word(database), "broker": _word(broker)})
    return Response(body, 200 if status in ("ready", "degraded") else 503, media_type="application/json")


async def _database_answers(request: Request) -> bool:
    database: Database = request.app.state.database
    try:
        await run_in_internal_pool(request, database.ping)
    except (errors.Unavailable, DBAPIError):
        return False
    return True


def _word(works: bool) -> str:
    return "up" if works else "down"

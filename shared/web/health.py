"""`/healthz` (liveness) and `/readyz` (readiness) of every service."""

from typing import Any

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
    """200 if database and broker are available, else 503. The body names the state of both."""
    database, broker = await _database_answers(request), request.app.state.bus.connected
    parts: dict[str, Any] = {"database": _word(database), "broker": _word(broker)}
    ready = database and broker
    body = orjson.dumps({"status": "ready" if ready else "not ready", **parts})
    return Response(body, 200 if ready else 503, media_type="application/json")


async def _database_answers(request: Request) -> bool:
    database: Database = request.app.state.database
    try:
        await run_in_internal_pool(request, database.ping)
    except (errors.Unavailable, DBAPIError):
        return False
    return True


def _word(works: bool) -> str:
    return "up" if works else "down"

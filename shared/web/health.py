"""Is the process up, and can it work: `/healthz` and `/readyz` of every service."""

from typing import Any

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from shared import errors
from shared.database import Database

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> Response:
    """200 while the process answers at all."""
    return Response(b'{"status":"up"}', media_type="application/json")


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """200 where the database answers and facts can be published, else 503; which of them is told."""
    database, broker = await _answers(request.app.state.database), request.app.state.bus.connected
    parts: dict[str, Any] = {"database": _word(database), "broker": _word(broker)}
    ready = database and broker
    body = orjson.dumps({"status": "ready" if ready else "not ready", **parts})
    return Response(body, 200 if ready else 503, media_type="application/json")


async def _answers(database: Database) -> bool:
    try:
        await to_thread.run_sync(database.ping, limiter=CapacityLimiter(1))
    except errors.Unavailable:
        return False
    return True


def _word(works: bool) -> str:
    return "up" if works else "down"

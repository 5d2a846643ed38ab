"""The dependencies of the routes; app.py creates them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from shared.database.engine import Database
from shared.files.storage import Storage
from shared.idempotency import Idempotency
from shared.images import ImageProcessor
from shared.replication.source import WithKnownRecords
from shared.security.verifier import Identity
from shared.web import responses
from shared.web.fast_path import FastPathReader


@dataclass(frozen=True, slots=True)
class Dependencies:
    database: Database
    storage: Storage
    image_processor: ImageProcessor
    idempotency: Idempotency
    with_known_users: WithKnownRecords
    quota_bytes: int
    """Of all photos of one person; 0: no limit."""


def viewer(identity: Identity | None) -> int | None:
    """The id of the user who reads, if there is a token."""
    return None if identity is None else identity.subject


async def changed(
    deps: Dependencies,
    change: Callable[[Connection, int, int], None],
    shown: Callable[[Connection, int, int], dict[str, Any]],
    user_id: int,
    record_id: int,
) -> Response:
    """Change what a user says of a post or comment; the response is what is shown of it afterwards."""

    def write(tx: Connection) -> dict[str, Any]:
        change(tx, user_id, record_id)
        return shown(tx, user_id, record_id)

    return responses.ok(await deps.with_known_users(lambda: deps.database.write(write)))


async def _dependencies(request: Request) -> Dependencies:
    return cast("Dependencies", request.app.state.dependencies)


Deps = Annotated[Dependencies, Depends(_dependencies), FastPathReader(_dependencies)]

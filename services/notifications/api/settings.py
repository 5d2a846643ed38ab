"""Which kinds of notifications a user wants."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from shared.problem_details import documented
from shared.web import responses
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from .. import queries
from ..actions import preferences
from . import schemas
from .dependencies import Deps

router = APIRouter(prefix="/api/v1/users/me/notification-settings", tags=["notifications"], route_class=StrictRoute)


@router.get(
    "",
    response_model=schemas.NotificationSettings,
    summary="Which notifications one wants",
    responses=documented(401),
)
def get_settings(identity: CurrentUser, deps: Deps) -> Response:
    """Everything, until the user changes it."""
    return responses.ok(deps.database.read(queries.preferences, identity.subject))


@router.put(
    "",
    response_model=schemas.NotificationSettings,
    summary="Change which notifications one wants",
    responses=documented(400, 401, 413, 415, 422),
)
def set_settings(body: schemas.NewSettings, identity: CurrentUser, deps: Deps) -> Response:
    """Applies to what happens from then on. Kinds that are absent stay as they are."""

    def change(tx: Connection) -> dict[str, Any]:
        preferences.set_some(tx, identity.subject, body.preferences())
        return queries.preferences(tx, identity.subject)

    return responses.ok(deps.database.write(change))

"""The user's choice of who may begin a conversation with them."""

from functools import partial

from fastapi import APIRouter
from starlette.responses import Response

from shared.problem_details import documented
from shared.web import responses
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from .. import queries
from ..actions import message_settings
from . import schemas
from .dependencies import Deps

router = APIRouter(prefix="/api/v1/users/me/message-settings", tags=["dm"], route_class=StrictRoute)


@router.get("", response_model=schemas.MessageSettings, summary="Who may write to one", responses=documented(401))
def settings(identity: CurrentUser, deps: Deps) -> Response:
    """Everyone, until one chooses."""
    return responses.ok(deps.database.read(queries.message_settings, identity.subject))


@router.put(
    "",
    response_model=schemas.MessageSettings,
    summary="Choose who may write to one",
    responses=documented(400, 401, 413, 415, 422),
)
async def change(body: schemas.MessageSettings, identity: CurrentUser, deps: Deps) -> Response:
    """Conversations that one has accepted go on."""
    store = partial(deps.database.write, message_settings.store, identity.subject, body.senders)
    return responses.ok(await deps.with_known_users(store))

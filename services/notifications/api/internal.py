"""Routes for the other services."""

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.ids import Id
from shared.web import internal_pages
from shared.web.authentication import InternalCaller
from shared.web.request_body import StrictRoute

from .. import queries
from .dependencies import Deps

router = APIRouter(include_in_schema=False, route_class=StrictRoute)
LISTS = {
    "notifications": queries.own,
    "notification_settings": queries.own_preferences,
    "push_subscriptions": queries.own_push_subscriptions,
}


@router.get("/internal/exports/{user_id}/{kind}")
async def exported(
    user_id: Id,
    kind: Literal["notifications", "notification_settings", "push_subscriptions"],
    request: Request,
    _: InternalCaller,
    deps: Deps,
    page: internal_pages.Requested,
) -> Response:
    """A page of a user's notifications, settings or browsers, for their export."""
    return await internal_pages.response(request, deps.database.read, LISTS[kind], user_id, page)

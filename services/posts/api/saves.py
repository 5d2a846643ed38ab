"""Posts that users save for themselves."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.ids import Id
from shared.problem_details import documented
from shared.web import pagination
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from ..actions import saves
from ..queries.saves import save_json, saved_by
from . import schemas
from .dependencies import Deps, changed

router = APIRouter(prefix="/api/v1", tags=["posts"], route_class=StrictRoute)


@router.put(
    "/posts/{post_id}/save",
    response_model=schemas.Save,
    summary="Save a post",
    responses=documented(401, 404),
)
async def save(post_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent. Nobody else sees it."""
    return await changed(deps, saves.save, save_json, identity.subject, post_id)


@router.delete(
    "/posts/{post_id}/save",
    response_model=schemas.Save,
    summary="No longer save a post",
    responses=documented(401, 404),
)
async def unsave(post_id: Id, identity: CurrentUser, deps: Deps) -> Response:
    """Idempotent."""
    return await changed(deps, saves.unsave, save_json, identity.subject, post_id)


@router.get(
    "/users/me/saved",
    response_model=schemas.Posts,
    summary="The posts that one has saved",
    responses=documented(400, 401, 422),
)
def saved(request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps) -> Response:
    """Last saved first. Deleted posts are gone; those of a suspended account return when it is reinstated."""
    return pagination.page_response(request, deps.database.read(saved_by, identity.subject, page))

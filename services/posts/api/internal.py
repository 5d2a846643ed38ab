"""Routes for the other services."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from shared import ids
from shared.ids import Id
from shared.web import responses
from shared.web.authentication import InternalCaller
from shared.web.request_body import StrictRoute
from shared.web.threadpools import run_in_internal_pool

from ..queries.posts import require_author
from .dependencies import Deps

router = APIRouter(include_in_schema=False, route_class=StrictRoute)


@router.get("/internal/posts/{post_id}")
async def post(post_id: Id, request: Request, _: InternalCaller, deps: Deps) -> Response:
    """The author of a post. 404 if the post cannot be seen."""
    author_id = await run_in_internal_pool(request, deps.database.read, require_author, post_id)
    return responses.ok({"post_id": ids.encode(post_id), "author_id": ids.encode(author_id)})

"""The posts of a tag, and tags by their beginning."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from shared.errors import Invalid
from shared.problem_details import documented
from shared.web import pagination
from shared.web.authentication import OptionalUser
from shared.web.request_body import WITHOUT_NUL, StrictRoute

from ..queries import tags as shown
from ..text_entities import MAX_TAG_LENGTH
from . import schemas
from .dependencies import Deps, viewer

router = APIRouter(prefix="/api/v1", tags=["posts"], route_class=StrictRoute)
MAX_WRITTEN_LENGTH = 4 * MAX_TAG_LENGTH
"""Characters of a tag as it may be written: one that is compared as one may be several."""


@router.get(
    "/tags",
    response_model=schemas.Tags,
    summary="Find tags by their beginning",
    responses=documented(400, 422),
)
def search(
    request: Request,
    page: pagination.PageQuery,
    deps: Deps,
    query: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_WRITTEN_LENGTH,
            description="Beginning of a tag, without `#`",
            json_schema_extra={"pattern": WITHOUT_NUL},
        ),
    ],
) -> Response:
    """Whatever their case and width, in the order of their characters, with the number of posts of each."""
    if "\x00" in query:
        raise Invalid.field("query", "nul_character", "Text may not hold NUL characters.")
    return pagination.page_response(request, deps.database.read(shown.search, query, page))


@router.get(
    "/tags/{tag}/posts",
    response_model=schemas.Posts,
    summary="The posts of a tag",
    responses=documented(400, 401, 404, 422),
)
def posts_of_tag(
    tag: Annotated[str, Path(max_length=MAX_WRITTEN_LENGTH, examples=["harbour"])],
    request: Request,
    page: pagination.PageQuery,
    identity: OptionalUser,
    deps: Deps,
) -> Response:
    """Newest first. Whatever the case and width of the tag, without `#`. A tag that nobody uses has no posts;
    404 if it is longer than any tag can be.
    """
    return pagination.page_response(request, deps.database.read(shown.posts_of_tag, tag, viewer(identity), page))

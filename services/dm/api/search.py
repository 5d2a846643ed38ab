"""The search in one's own messages."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from shared.problem_details import documented
from shared.web import pagination
from shared.web.authentication import CurrentUser
from shared.web.request_body import VISIBLE, WITH_VISIBLE, StrictRoute, Text

from .. import search_queries
from ..actions.search import fold
from . import schemas
from .dependencies import Deps

MAX_QUERY_LENGTH = 100
router = APIRouter(prefix="/api/v1/messages", tags=["dm"], route_class=StrictRoute)

SearchedText = Annotated[
    Text,
    Query(
        min_length=1,
        max_length=MAX_QUERY_LENGTH,
        description="Part of a text",
        examples=["lunch"],
        json_schema_extra={"pattern": WITH_VISIBLE},
    ),
    VISIBLE,
]


@router.get(
    "", response_model=schemas.Messages, summary="Search one's own messages", responses=documented(400, 401, 422)
)
def search(
    request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps, query: SearchedText
) -> Response:
    """The messages whose text contains this one, whatever its case, newest first; each character stands for itself.

    All rooms of the user are searched, hidden ones too; requests only after they were accepted. A page may have fewer
    messages than `limit`, or none, and a `next_cursor`: then older messages have yet to be searched.
    """
    read = search_queries.search
    found = deps.database.read(read, identity.subject, fold(query), page, deps.url_signer)
    return pagination.page_response(request, found)

"""Pages of lists for other services, which are trusted: positions are plain and not signed."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from starlette.responses import Response

from shared.pagination import Page, PageRequest
from shared.replication.projections import UnknownRecords
from shared.web import responses
from shared.web.threadpools import run_in_internal_pool

MAX_ITEMS = 500


async def _requested(
    after: Annotated[str, Query(max_length=100, pattern="^([0-9]+(,[0-9]+)*)?$")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_ITEMS)] = MAX_ITEMS,
) -> PageRequest:
    return PageRequest(limit, tuple(map(int, after.split(","))) if after else None)


Requested = Annotated[PageRequest, Depends(_requested)]
"""The requested page: `after` is `next` of the page before."""


async def response(request: Request, read: Callable[..., Page], *args: Any) -> Response:
    """200 with the items of the page that `read` returns, and the position of the next one.

    Empty about records that this service has not heard of yet.
    """
    try:
        page = await run_in_internal_pool(request, read, *args)
    except UnknownRecords:
        page = Page([], None)
    following = None if page.next is None else ",".join(map(str, page.next))
    return responses.ok({"items": page.items, "next": following})

"""Pagination over HTTP: `?limit=` and `?cursor=` in the request, `next_cursor` and `Link` in the response."""

import re
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import Depends, Query, Request
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from shared.idempotency import StoredResponse
from shared.pagination import MAX_CURSOR_LENGTH, CursorSigner, Page, PageRequest
from shared.web import request_target
from shared.web.fast_path import FastPathMiss, FastPathReader
from shared.web.request_target import request_path
from shared.web.responses import to_response

_SIMPLE_QUERY = re.compile(rb"(?:limit=(?P<limit>[1-9][0-9]?|100))?(?:(?(limit)&)cursor=(?P<cursor>[A-Za-z0-9_-]+))?")
"""A query of only these two parameters in this order, as in the links that we send."""
_DIGITS = re.compile("[0-9]{1,9}")
DEFAULT_LIMIT = 20
MAX_LIMIT = 100
"""Items of a page."""


def _digits(value: Any) -> Any:
    """Refuse other spellings that the framework accepts for a number (`5.0`, `1_0`, ` 5`)."""
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise PydanticCustomError("int_parsing", "Should contain only digits")
    return value


async def _requested(
    request: Request,
    limit: Annotated[
        int, Query(ge=1, le=MAX_LIMIT, description="Maximum number of items"), BeforeValidator(_digits)
    ] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None,
        Query(
            description="`next_cursor` of the previous page",
            json_schema_extra={"pattern": "^[A-Za-z0-9_-]+$", "maxLength": MAX_CURSOR_LENGTH},
        ),
    ] = None,
) -> PageRequest:
    if cursor is None:
        return PageRequest(limit, None)
    cursors: CursorSigner = request.app.state.cursors
    return PageRequest(limit, cursors.decode(cursor, _scope(request)))


async def _read_on_fast_path(request: Request) -> PageRequest:
    asked = _SIMPLE_QUERY.fullmatch(request.scope["query_string"])
    if asked is None:
        raise FastPathMiss
    limit, cursor = asked["limit"], asked["cursor"]
    return await _requested(request, int(limit) if limit else DEFAULT_LIMIT, cursor.decode() if cursor else None)


PageQuery = Annotated[PageRequest, Depends(_requested), FastPathReader(_read_on_fast_path, reads_query=True)]
"""The requested page."""


def page_response(request: Request, found: Page) -> Response:
    """200 with the items, the cursor of the next page and, if there is one, its `Link` (RFC 8288)."""
    if found.next is None:
        return to_response(StoredResponse(200, orjson.dumps({"items": found.items, "next_cursor": None})))
    cursors: CursorSigner = request.app.state.cursors
    cursor = cursors.encode(found.next, _scope(request))
    others = [(name, value) for name, value in request_target.pairs(request) if name != "cursor"]
    link = f'<{request_path(request)}?{urlencode([*others, ("cursor", cursor)])}>; rel="next"'
    body = orjson.dumps({"items": found.items, "next_cursor": cursor})
    return to_response(StoredResponse(200, body, {"link": link}))


def _scope(request: Request) -> str:
    others = [(name, value) for name, value in request_target.pairs(request) if name not in {"limit", "cursor"}]
    return f"{request_path(request)}?{urlencode(sorted(others))}"

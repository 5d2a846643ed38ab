"""Fast path for simple GET requests, without FastAPI, whose overhead exceeds all other work of most reads.

A route uses it if it only reads and each of its parameters has a FastPathReader. A request uses it if each value has
the usual form: a token after `Bearer`, a limit and a cursor, an id. Any other request is passed to FastAPI, which alone
decides what is malformed.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args, get_type_hints

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import ids

Read = Callable[[Request], Awaitable[Any]]
Handler = Callable[[Request], Awaitable[Response | None]]
"""The response of the fast path; None to use FastAPI."""


class FastPathMiss(Exception):
    """The request has to be processed by FastAPI."""


@dataclass(frozen=True, slots=True)
class FastPathReader:
    """Used next to `Depends` in an annotation: reads the same value on the fast path. `read` raises FastPathMiss."""

    read: Read
    reads_query: bool = False
    """Whether `read` raises FastPathMiss for every query parameter that is unknown or given twice."""


async def _none(_: Request) -> None:
    """Reads a parameter that requests on the fast path do not have."""


ABSENT = FastPathReader(_none)
"""For optional query parameters of a list: a request on the fast path has only those of its page."""


class FastPathMiddleware:
    """Answers requests on the fast path; passes all others to FastAPI."""

    def __init__(
        self, app: ASGIApp, routers: Sequence[APIRouter], refusals: Mapping[type[Exception], Callable[..., Response]]
    ) -> None:
        self._app = app
        reads = [each for router in routers for each in router.routes if isinstance(each, APIRoute)]
        self._reads = [(each, _handler_of(each)) for each in reads if "GET" in (each.methods or ())]
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        answer = await self._answer(scope, receive) if scope["type"] == "http" and scope["method"] == "GET" else None
        await (answer or self._app)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response | None:
        """The response of the first route that matches; None to use FastAPI."""
        found = ((each, handle, each.path_regex.match(scope["path"])) for each, handle in self._reads)
        route, handle, match = next((each for each in found if each[2]), (None, None, None))
        if handle is None or match is None:
            return None
        scope["route"] = route
        request = Request({**scope, "path_params": match.groupdict()}, receive)
        try:
            return await handle(request)
        except tuple(self._refusals) as problem:
            return next(say for kind, say in self._refusals.items() if isinstance(problem, kind))(request, problem)


def _handler_of(route: APIRoute) -> Handler | None:
    return handler(route.endpoint) if route.methods == {"GET"} else None


def handler(endpoint: Callable[..., Any]) -> Handler | None:
    """The fast path of this endpoint; None if a parameter has no reader."""
    hints = get_type_hints(endpoint, include_extras=True)
    readers = _readers(endpoint, hints)
    if readers is None:
        return None
    reads_query = any(each.reads_query for hint in hints.values() for each in _plain_ways(hint))
    call = endpoint if inspect.iscoroutinefunction(endpoint) else partial(asyncio.to_thread, endpoint)

    async def handle(request: Request) -> Response | None:
        if request.scope["query_string"] and not reads_query:
            return None
        try:
            values = {name: await read(request) for name, read in readers.items()}
        except FastPathMiss:
            return None
        answer: Response = await call(**values)
        return answer

    return handle


def _readers(endpoint: Callable[..., Any], hints: Mapping[str, Any]) -> Mapping[str, Read] | None:
    found: dict[str, Read] = {}
    for name in inspect.signature(endpoint).parameters:
        read = _reader(name, hints[name])
        if read is None:
            return None
        found[name] = read
    return found


def _reader(name: str, hint: Any) -> Read | None:
    if hint is Request:
        return _itself
    if hint == ids.Id:
        return partial(_id_in_path, name)
    return next((each.read for each in _plain_ways(hint)), None)


def _plain_ways(hint: Any) -> list[FastPathReader]:
    return [each for each in get_args(hint) if isinstance(each, FastPathReader)]


async def _itself(request: Request) -> Request:
    return request


async def _id_in_path(name: str, request: Request) -> int:
    try:
        return ids.parse(request.path_params[name])
    except (KeyError, ValueError):
        raise FastPathMiss from None

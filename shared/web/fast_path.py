"""Fast path for simple requests, without FastAPI, whose overhead exceeds all other work of most requests.

A route uses it if it has one method and each of its parameters has a FastPathReader or is a JSON body. A request uses
it if each value has the usual form: a token after `Bearer`, a limit and a cursor, an id, a valid body. Any other
request is passed to FastAPI, which alone decides what is malformed.

On SQLite, functions that read run in the event loop instead of a thread (decision 0039).
"""

import asyncio
import inspect
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args, get_type_hints

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import ids
from shared.web.request_body import StrictRequest

Read = Callable[[Request], Awaitable[Any]]
Handler = Callable[[StrictRequest], Awaitable[Response | None]]
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
        self,
        app: ASGIApp,
        routers: Sequence[APIRouter],
        refusals: Mapping[type[Exception], Callable[..., Response]],
        *,
        reads_in_event_loop: bool,
    ) -> None:
        self._app = app
        self._routes: defaultdict[str, list[tuple[APIRoute, Handler | None]]] = defaultdict(list)
        for each in (route for router in routers for route in router.routes if isinstance(route, APIRoute)):
            methods = each.methods or ()
            for method in methods:
                in_event_loop = reads_in_event_loop and method == "GET"
                handle = handler(each.endpoint, in_event_loop=in_event_loop) if len(methods) == 1 else None
                self._routes[method].append((each, handle))
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        routes = self._routes.get(scope["method"]) if scope["type"] == "http" else None
        if routes is None:
            await self._app(scope, receive, send)
            return
        found = ((each, handle, each.path_regex.match(scope["path"])) for each, handle in routes)
        route, handle, match = next((each for each in found if each[2]), (None, None, None))
        if handle is None or match is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        received = _Received(receive)
        request = StrictRequest(Request({**scope, "path_params": match.groupdict()}, received.receive))
        answer = await self._answer(handle, request)
        await (answer or self._app)(scope, received.receive_again, send)

    async def _answer(self, handle: Handler, request: StrictRequest) -> Response | None:
        try:
            return await handle(request)
        except tuple(self._refusals) as problem:
            return next(say for kind, say in self._refusals.items() if isinstance(problem, kind))(request, problem)


class _Received:
    """What is received of a request. FastAPI receives it again if the fast path has read the body in vain."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._received: deque[Message] = deque()

    async def receive(self) -> Message:
        """The next message. StrictRequest limits the size of all."""
        message = await self._receive()
        self._received.append(message)
        return message

    async def receive_again(self) -> Message:
        """From the first one on."""
        return self._received.popleft() if self._received else await self._receive()


def handler(endpoint: Callable[..., Any], *, in_event_loop: bool = False) -> Handler | None:
    """The fast path of this endpoint; None if a parameter has no reader. A function that is no coroutine may block."""
    hints = get_type_hints(endpoint, include_extras=True)
    readers = _readers(endpoint, hints)
    if readers is None:
        return None
    reads_query = any(each.reads_query for hint in hints.values() for each in _plain_ways(hint))
    reads_body = any(map(_is_model, hints.values()))
    call = _awaitable(endpoint, in_event_loop=in_event_loop)

    async def handle(request: StrictRequest) -> Response | None:
        if request.scope["query_string"] and not reads_query:
            return None
        try:
            if reads_body:
                await request.body()  # FastAPI rejects a body by its size and type before it looks at anything else
            values = {name: await read(request) for name, read in readers.items()}
        except (FastPathMiss, ClientDisconnect):
            return None
        return await call(**values)

    return handle


def _awaitable(endpoint: Callable[..., Any], *, in_event_loop: bool) -> Callable[..., Awaitable[Response]]:
    if inspect.iscoroutinefunction(endpoint):
        return endpoint
    if not in_event_loop:
        return partial(asyncio.to_thread, endpoint)

    async def call(**values: Any) -> Response:
        answer: Response = endpoint(**values)
        return answer

    return call


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
    if _is_model(hint):
        return partial(_json_body, hint)
    return next((each.read for each in _plain_ways(hint)), None)


def _is_model(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _plain_ways(hint: Any) -> list[FastPathReader]:
    return [each for each in get_args(hint) if isinstance(each, FastPathReader)]


async def _itself(request: Request) -> Request:
    return request


async def _id_in_path(name: str, request: Request) -> int:
    try:
        return ids.parse(request.path_params[name])
    except (KeyError, ValueError):
        raise FastPathMiss from None


async def _json_body(model: type[BaseModel], request: Request) -> BaseModel:
    try:
        return model.model_validate(await request.json())
    except (json.JSONDecodeError, ValidationError):
        raise FastPathMiss from None

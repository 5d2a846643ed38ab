"""Cancels costly work when the client of a request disconnects."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from shared.errors import Unavailable

T = TypeVar("T")


async def cancel_on_disconnect(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of this work, which is cancelled when the client disconnects. The body must have been read.

    Raises Unavailable after a disconnect; nobody receives the response.
    """
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait((task, watch), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise _client_gone()
    finally:
        for each in (task, watch):
            each.cancel()
        await asyncio.gather(task, watch, return_exceptions=True)


async def require_connected(request: Request) -> None:
    """Raises Unavailable after a disconnect; nobody receives the response."""
    if await request.is_disconnected():
        raise _client_gone()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _client_gone() -> Unavailable:
    return Unavailable("client_disconnected", "The client closed the connection before the response.")

"""Whoever waits long waits on threads of their own, so that nobody else waits with them.

A request may hold an ordinary thread while it waits for a neighbour. In the one-process mode that neighbour
shares the threads: without a few kept aside for its answers, enough waiting requests would wait for ever.
And an upload that waits for its turn to be decoded would keep a thread from all who only want to read.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request

from shared.settings import Settings

T = TypeVar("T")

THREADS = 4


async def aside(request: Request, function: Callable[..., T], *args: Any) -> T:
    """Run a blocking function on one of the threads that are kept for neighbours' questions."""
    return await to_thread.run_sync(function, *args, limiter=_kept(request, "threads_aside", THREADS))


async def in_line(request: Request, function: Callable[..., T], *args: Any) -> T:
    """Run a blocking function that decodes or waits for it: a thread for each who may, and one to be refused on."""
    settings: Settings = request.app.state.settings
    places = settings.decoders + settings.decoders_waiting + 1
    return await to_thread.run_sync(function, *args, limiter=_kept(request, "threads_in_line", places))


def _kept(request: Request, name: str, threads: int) -> CapacityLimiter:
    state = request.app.state
    if not hasattr(state, name):
        setattr(state, name, CapacityLimiter(threads))
    kept: CapacityLimiter = getattr(state, name)
    return kept

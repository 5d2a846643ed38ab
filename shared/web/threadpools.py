"""A thread pool of its own for calls by neighbours.

A request may hold an ordinary thread while it waits for a neighbour. In the one-process mode that neighbour
shares the threads: without a few kept aside for its answers, enough waiting requests would wait for ever.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request

T = TypeVar("T")

THREADS = 4


async def run_in_internal_pool(request: Request, function: Callable[..., T], *args: Any) -> T:
    """Run a blocking function on one of the threads that are kept for neighbours' questions."""
    return await to_thread.run_sync(function, *args, limiter=_kept(request))


def _kept(request: Request) -> CapacityLimiter:
    state = request.app.state
    if not hasattr(state, "threads_aside"):
        state.threads_aside = CapacityLimiter(THREADS)
    kept: CapacityLimiter = state.threads_aside
    return kept

"""Answers to neighbours come from threads of their own.

A request may hold an ordinary thread while it waits for a neighbour. In the one-process mode that neighbour
shares the threads: without a few kept aside for its answers, enough waiting requests would wait for ever.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request

T = TypeVar("T")

THREADS = 4


async def aside(request: Request, function: Callable[..., T], *args: Any) -> T:
    """Run a blocking function on one of the threads that are kept for neighbours' questions."""
    state = request.app.state
    if not hasattr(state, "threads_aside"):
        state.threads_aside = CapacityLimiter(THREADS)
    return await to_thread.run_sync(function, *args, limiter=state.threads_aside)

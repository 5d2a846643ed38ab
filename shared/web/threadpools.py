"""A separate thread pool (bulkhead) for internal API calls.

A request may occupy a thread of the default pool while it waits for another service. In one process both services
share that pool: without separate threads for internal calls, enough waiting requests would deadlock.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request

T = TypeVar("T")

THREADS = 4


async def run_in_internal_pool(request: Request, function: Callable[..., T], *args: Any) -> T:
    """Run a blocking function in the pool for internal API calls."""
    return await to_thread.run_sync(function, *args, limiter=_kept(request))


def _kept(request: Request) -> CapacityLimiter:
    state = request.app.state
    if not hasattr(state, "internal_threads"):
        state.internal_threads = CapacityLimiter(THREADS)
    kept: CapacityLimiter = state.internal_threads
    return kept

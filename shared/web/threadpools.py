"""The thread pools of a process, and a separate one (bulkhead) for internal API calls.

There are two for requests from outside: that of anyio, in which FastAPI runs endpoints, and that of asyncio, in which
the fast path does. With 16 requests at once, a function takes 60 us of CPU more in a thread of anyio, and 25 us in one
of asyncio.

A request may occupy a thread of the default pool while it waits for another service. In one process both services
share that pool: without separate threads for internal calls, enough waiting requests would deadlock.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request

T = TypeVar("T")

THREADS = 4


def set_size(threads: int) -> None:
    """Limit both pools for requests from outside. Call it in the running event loop."""
    to_thread.current_default_thread_limiter().total_tokens = threads
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads, "fast-path"))


async def run_in_internal_pool(request: Request, function: Callable[..., T], *args: Any) -> T:
    """Run a blocking function in the pool for internal API calls."""
    return await to_thread.run_sync(function, *args, limiter=_kept(request))


def _kept(request: Request) -> CapacityLimiter:
    state = request.app.state
    if not hasattr(state, "internal_threads"):
        state.internal_threads = CapacityLimiter(THREADS)
    kept: CapacityLimiter = state.internal_threads
    return kept

"""Counts requests in windows of time, in a storage that all replicas of the gateway share."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shared import metrics

from ..upstream.upstream import CircuitBreaker
from .rate_limits import RateLimit
from .stores import FixedWindows, Who

PATIENCE_SECONDS = 0.1
"""How long a request waits for the storage before it is counted here."""
MOST_CONNECTIONS = 32
log = structlog.get_logger()


class RedisStore:
    """The counts of all replicas, in a Redis or Valkey.

    What was learnt from it is kept here as well. Whoever is known to be over a limit is not asked for again, so that a
    flood stops here; and while the storage is away, each replica goes on counting from what it knew last. To ask costs
    more than all else that is done for a request, so where limits are high it is done once for a bundle of requests:
    each replica may then let through up to one bundle too many.
    """

    def __init__(self, url: str) -> None:
        self._memory = FixedWindows()
        self._untold = FixedWindows()
        self._breaker = CircuitBreaker()
        self._away = False
        self._pool = BlockingConnectionPool.from_url(
            # Valkey speaks Redis' protocol; the library knows only Redis' scheme.
            url.replace("valkey", "redis", 1),
            max_connections=MOST_CONNECTIONS,
            timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix="rate",
            connection_pool=self._pool,  # type: ignore[arg-type] # documented, and forgotten in its annotations
        )

    async def add(self, quota: RateLimit, who: Who, window: int) -> int:
        """One more; how many there are then."""
        known = self._memory.add(quota, who, window)
        bundle = self._untold.add(quota, who, window)
        if known > quota.most or bundle < quota.bundle:
            return known
        self._untold.forget(quota, who, window)
        return await self._together(quota, who, window, lambda key: self._storage.incr(key, quota.seconds, bundle))

    async def get(self, quota: RateLimit, who: Who, window: int) -> int:
        """How many there are."""
        known = self._memory.get(quota, who, window)
        return known if known >= quota.most else await self._together(quota, who, window, self._storage.get)

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.disconnect()

    async def _together(self, quota: RateLimit, who: Who, window: int, ask: Callable[[str], Awaitable[int]]) -> int:
        """What the storage knows, and where it does not answer, what is known here."""
        if self._breaker.lets_through():
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    count = await ask(f"{quota.name}/{who}/{window}")
                self._answered()
                return self._memory.learn(quota, who, window, count + self._untold.get(quota, who, window))
            except (RedisError, OSError, TimeoutError) as problem:
                self._failed(problem)
        metrics.COUNTED_ALONE.inc()
        return self._memory.get(quota, who, window)

    def _answered(self) -> None:
        self._breaker.succeeded()
        if self._away:
            self._away = False
            log.warning("requests are counted together again")

    def _failed(self, problem: Exception) -> None:
        self._breaker.failed()
        if not self._away:
            self._away = True
            log.error("the storage of rate limits does not answer: each replica counts alone", reason=repr(problem))

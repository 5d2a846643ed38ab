"""Counts requests in a Redis or Valkey that all replicas of the gateway share."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from .. import metrics
from ..circuit_breaker import CircuitBreaker
from .rate_limits import RateLimit
from .stores import FixedWindows, Key

TIMEOUT_SECONDS = 0.1
"""How long a request waits for the storage before it is counted locally."""
MAX_CONNECTIONS = 32
log = structlog.get_logger()


class RedisStore:
    """The counts of all replicas.

    A call to Redis costs more than everything else that the gateway does for a request. So for high limits there is one
    call for a batch of requests: each replica may allow up to one batch too many. Received counts are cached. A key
    known to be above its limit is rejected without another call, and while Redis is unavailable each replica continues
    to count locally from the last known count.
    """

    def __init__(self, url: str) -> None:
        self._known = FixedWindows()
        self._unreported = FixedWindows()
        self._breaker = CircuitBreaker()
        self._away = False
        self._pool = BlockingConnectionPool.from_url(
            # Valkey has the protocol of Redis; the library accepts only the scheme of Redis.
            url.replace("valkey", "redis", 1),
            max_connections=MAX_CONNECTIONS,
            timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix="rate",
            connection_pool=self._pool,  # type: ignore[arg-type] # documented, but missing in the annotations
        )

    async def add(self, limit: RateLimit, key: Key, window: int) -> int:
        """Count one request. Returns the new count."""
        known = self._known.add(limit, key, window)
        batch = self._unreported.add(limit, key, window)
        if known > limit.limit or batch < limit.batch_size:
            return known
        self._unreported.reset(limit, key, window)
        return await self._shared(limit, key, window, lambda name: self._storage.incr(name, limit.seconds, batch))

    async def get(self, limit: RateLimit, key: Key, window: int) -> int:
        """The current count."""
        known = self._known.get(limit, key, window)
        return known if known >= limit.limit else await self._shared(limit, key, window, self._storage.get)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.disconnect()

    async def _shared(self, limit: RateLimit, key: Key, window: int, ask: Callable[[str], Awaitable[int]]) -> int:
        """The shared count; the local one if Redis does not respond."""
        if self._breaker.lets_through():
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    count = await ask(f"{limit.name}/{key}/{window}")
                self._succeeded()
                return self._known.raise_to(limit, key, window, count + self._unreported.get(limit, key, window))
            except (RedisError, OSError, TimeoutError) as error:
                self._failed(error)
        metrics.LOCAL_FALLBACKS.inc()
        return self._known.get(limit, key, window)

    def _succeeded(self) -> None:
        self._breaker.succeeded()
        if self._away:
            self._away = False
            log.warning("the storage of rate limits answers again")

    def _failed(self, error: Exception) -> None:
        self._breaker.failed()
        if not self._away:
            self._away = True
            log.error("the storage of rate limits does not answer: each replica counts alone", reason=repr(error))

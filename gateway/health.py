"""Health checks: `/healthz` (is the process alive) and `/readyz` (should it receive requests)."""

import asyncio
import time

from shared.draining import Draining

from . import responses
from .authentication.revocations import Revocations
from .exchange import Exchange
from .upstream.proxy import Proxy

CACHE_SECONDS = 1.0
PROBE_SECONDS = 1.0


class Health:
    """The readiness of this gateway.

    It becomes ready when every upstream has been ready once. After that it stays ready while any of them is up, as one
    service that is down must not make the others unreachable.
    """

    def __init__(self, proxy: Proxy, revocations: Revocations, draining: Draining) -> None:
        self._proxy = proxy
        self._revocations = revocations
        self._states = dict.fromkeys(proxy.upstreams, "unknown")
        self._once_ready: set[str] = set()
        self._checked_at = float("-inf")
        self._check_lock = asyncio.Lock()
        self._draining = draining

    async def healthz(self, exchange: Exchange) -> None:
        """200 while the process responds."""
        await responses.send_json(exchange, 200, {"status": "up"})

    async def readyz(self, exchange: Exchange) -> None:
        """200 or 503, and the state of each upstream."""
        async with self._check_lock:
            if time.monotonic() - self._checked_at > CACHE_SECONDS:
                await self._check()
        status = self._status()
        parts = {"revocations": "loaded" if self._revocations.loaded else "unknown", "upstreams": self._states}
        document = {"status": status, **parts}
        if status in ("ready", "degraded"):
            await responses.send_json(exchange, 200, document)
        else:
            await responses.send_json(exchange, 503, document, (b"retry-after", b"1"))

    def _status(self) -> str:
        if self._draining.started:
            return "draining"
        if not self._revocations.loaded or self._once_ready < set(self._states):
            return "starting"
        up = sum(1 for state in self._states.values() if state == "up")
        return "ready" if up == len(self._states) else "degraded" if up else "down"

    async def _check(self) -> None:
        names = list(self._states)
        self._states = dict(zip(names, await asyncio.gather(*map(self._state, names)), strict=True))
        self._once_ready.update(name for name, state in self._states.items() if state == "up")
        self._checked_at = time.monotonic()

    async def _state(self, name: str) -> str:
        found = await self._proxy.fetch(name, "/readyz", PROBE_SECONDS)
        if found is None:
            return "down"
        return "up" if found[0] == 200 else "not ready"

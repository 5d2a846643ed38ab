"""A client that reads at a constant rate while other load runs, and its latencies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import quantiles

import aiohttp

from .system import Answer, System, ask, http_client, log_in


def p99(answers: list[Answer]) -> float:
    """In milliseconds."""
    return quantiles((each.seconds for each in answers), n=100)[98] * 1_000


class BackgroundReader:
    """Reads at a constant rate."""

    ROUTES = ("/posts", "/users/me", "/feed", "/rooms", "/auth/sessions")

    def __init__(self, system: System, per_second: float) -> None:
        self.answers: list[Answer] = []
        self._system = system
        self._pause = 1 / per_second
        self._under_way: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """During the block."""
        async with http_client(self._system.base, "127.0.0.99") as web:
            token = (await log_in(web, self._system.people[-1])).body["access_token"]
            task = asyncio.create_task(self._go_on(web, token))
            try:
                yield
            finally:
                task.cancel()
                await asyncio.gather(*self._under_way)

    async def _go_on(self, web: aiohttp.ClientSession, token: str) -> None:
        while True:
            for route in self.ROUTES:
                one = asyncio.create_task(self._ask(web, route, token))
                self._under_way.add(one)
                one.add_done_callback(self._under_way.discard)
                await asyncio.sleep(self._pause)

    async def _ask(self, web: aiohttp.ClientSession, route: str, token: str) -> None:
        self.answers.append(await ask(web, "GET", route, token))

    @property
    def refused(self) -> int:
        return sum(each.status != 200 for each in self.answers)

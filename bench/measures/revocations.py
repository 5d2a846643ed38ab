"""How soon a revoked token is rejected by another gateway.

A cluster with two gateways. 200 users have a WebSocket at one; at the other they log out, change their password from
another device, or delete their account. Measured from that response: until the WebSocket is closed with 4401, and until
the token is rejected with 401. Once with the broker between the gateways, once without.
"""

import asyncio
import secrets
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles

import aiohttp

from bench.environment import Environment
from bench.report import Report
from chaos.cluster import Cluster
from chaos.containers import until
from chaos.processes import Process
from shared.testing.ports import free_port

PEOPLE = 200
AT_ONCE = 8
POLL_SECONDS = 0.05
GIVE_UP_SECONDS = 60.0
MAX_P99_SECONDS = {"with the broker": 2.0, "without the broker": 10.0}
API = "/api/v1"


@dataclass(frozen=True)
class Latency:
    """In seconds, from the response to the revocation."""

    kind: str
    closed: float
    refused: float


@dataclass
class Person:
    """A user with two sessions: one has the WebSocket, the other acts."""

    http: aiohttp.ClientSession
    gateway_url: str
    nickname: str
    password: str
    listens: str = ""
    acts: str = ""

    async def sign_up(self) -> None:
        """Sign up and log in twice."""
        details = {"email": f"{self.nickname}@example.com", "name": "B", "nickname": self.nickname}
        await self._send("POST", "/auth/signup", "", details | {"password": self.password})
        credentials = {"identifier": self.nickname, "password": self.password}
        for name in ("listens", "acts"):
            setattr(self, name, (await self._send("POST", "/auth/login", "", credentials))["access_token"])

    async def log_out(self) -> None:
        """With the token of the WebSocket."""
        await self._send("POST", "/auth/logout", self.listens)

    async def change_password(self) -> None:
        """From the other session."""
        both = {"current_password": self.password, "new_password": f"Wharf-{secrets.token_urlsafe(12)}"}
        await self._send("PATCH", "/users/me", self.acts, both)

    async def withdraw(self) -> None:
        """From the other session."""
        await self._send("POST", "/users/me/deletion", self.acts, {"current_password": self.password})

    async def _send(self, method: str, path: str, token: str, body: object = None) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.http.request(method, f"{self.gateway_url}{API}{path}", json=body, headers=headers) as answer:
            answer.raise_for_status()
            return dict(await answer.json()) if answer.status in (200, 201) else {}


KINDS: dict[str, Callable[[Person], Awaitable[None]]] = {
    "logout": Person.log_out,
    "password change": Person.change_password,
    "withdrawal": Person.withdraw,
}


async def _latencies(gateway_url: str, other: str) -> list[Latency]:
    """Of all users, AT_ONCE in parallel."""
    slots = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=GIVE_UP_SECONDS)) as http:

        async def one(kind: str) -> Latency:
            async with slots:
                return await _one(http, gateway_url, other, kind)

        return await asyncio.gather(*(one(kind) for kind, _ in zip(cycle(KINDS), range(PEOPLE), strict=False)))


async def _one(http: aiohttp.ClientSession, gateway_url: str, other: str, kind: str) -> Latency:
    person = Person(http, gateway_url, f"b{secrets.token_hex(8)}", f"Wharf-{secrets.token_urlsafe(12)}")
    await person.sign_up()
    token = {"Authorization": f"Bearer {person.listens}"}
    async with http.ws_connect(f"{other}{API}/ws", headers=token) as socket:
        closing = asyncio.create_task(_until_closed(socket))
        await KINDS[kind](person)
        answered = time.perf_counter()
        refused = await _until_refused(http, f"{other}{API}/rooms", token)
        closed = await closing
    return Latency(kind, max(0.0, closed - answered), max(0.0, refused - answered))


async def _until_closed(socket: aiohttp.ClientWebSocketResponse) -> float:
    await socket.receive()
    if socket.close_code != 4401:
        raise RuntimeError(f"closed with {socket.close_code}")
    return time.perf_counter()


async def _until_refused(http: aiohttp.ClientSession, url: str, token: dict[str, str]) -> float:
    while True:
        async with http.get(url, headers=token) as answer:
            if answer.status == 401:
                return time.perf_counter()
        await asyncio.sleep(POLL_SECONDS)


def measure(_: Environment, report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder), proxied="social")
        first = cluster.processes["gateway"]
        without_broker = {**first.settings, "BROKER_URL": "memory://"}
        others = {
            "with the broker": Process("gateway-2", first.arguments, first.settings, Path(folder), free_port()),
            "without the broker": Process("gateway-3", first.arguments, without_broker, Path(folder), free_port()),
        }
        try:
            cluster.start()
            for other in others.values():
                other.start()
                until(other.is_ready, GIVE_UP_SECONDS, f"{other.name} is ready")
            for title, other in others.items():
                _report(title, asyncio.run(_latencies(first.url, other.url)), report)
        finally:
            for other in others.values():
                other.stop()
            cluster.stop()


def _report(title: str, found: list[Latency], report: Report) -> None:
    rows = []
    for kind in (*KINDS, "all"):
        of_kind = [each for each in found if kind in (each.kind, "all")]
        for what in ("closed", "refused"):
            seconds = [getattr(each, what) for each in of_kind]
            rows.append((kind, what, f"{median(seconds):.3f}", f"{_p99(seconds):.3f}", f"{max(seconds):.3f}"))
    report.table(f"{title}, {len(found)} users", ("", "", "median s", "p99 s", "longest s"), rows)
    slowest = max(_p99([getattr(each, what) for each in found]) for what in ("closed", "refused"))
    limit = MAX_P99_SECONDS[title]
    report.goal(f"p99 {title}", f"at most {limit:g} s", f"{slowest:.3f} s", held=slowest <= limit)


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100, method="inclusive")[98]

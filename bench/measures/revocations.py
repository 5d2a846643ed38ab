"""How soon a token is worth nothing: `python -m bench.measures.revocations`, with a container engine. Prints a table.

A cluster of its own with two gateways. 200 people listen at the one; at the other they log out, change their
password from another device, or withdraw. Counted from that answer: until the WebSocket is closed with 4401, and
until the token is refused with 401. Once with the broker between the two gateways, once without.
"""

import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles

import aiohttp

from chaos.cluster import Cluster
from chaos.containers import NoEngine, until
from chaos.processes import Process
from shared.testing.ports import free_port

PEOPLE = 200
AT_ONCE = 8
POLL_SECONDS = 0.05
GIVEN_UP_SECONDS = 60.0
BARS = {"with the broker": 2.0, "without the broker": 10.0}
API = "/api/v1"


@dataclass(frozen=True)
class Took:
    """Seconds from the answer that ended a token."""

    kind: str
    closed: float
    refused: float


@dataclass
class Person:
    """Somebody with two logins: one listens, the other acts."""

    http: aiohttp.ClientSession
    door: str
    nickname: str
    password: str
    listens: str = ""
    acts: str = ""

    async def arrive(self) -> None:
        """Sign up and log in twice."""
        details = {"email": f"{self.nickname}@example.com", "name": "B", "nickname": self.nickname}
        await self._send("POST", "/auth/signup", "", details | {"password": self.password})
        credentials = {"identifier": self.nickname, "password": self.password}
        for name in ("listens", "acts"):
            setattr(self, name, (await self._send("POST", "/auth/login", "", credentials))["access_token"])

    async def log_out(self) -> None:
        """With the token that listens."""
        await self._send("POST", "/auth/logout", self.listens)

    async def change_password(self) -> None:
        """From the other device."""
        both = {"current_password": self.password, "new_password": f"Wharf-{secrets.token_urlsafe(12)}"}
        await self._send("PATCH", "/users/me", self.acts, both)

    async def withdraw(self) -> None:
        """From the other device."""
        await self._send("POST", "/users/me/deletion", self.acts, {"current_password": self.password})

    async def _send(self, method: str, path: str, token: str, body: object = None) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.http.request(method, f"{self.door}{API}{path}", json=body, headers=headers) as answer:
            answer.raise_for_status()
            return dict(await answer.json()) if answer.status in (200, 201) else {}


KINDS: dict[str, Callable[[Person], Awaitable[None]]] = {
    "logout": Person.log_out,
    "password change": Person.change_password,
    "withdrawal": Person.withdraw,
}


async def measure(door: str, other: str) -> list[Took]:
    """All people, a few at the same time."""
    places = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=GIVEN_UP_SECONDS)) as http:

        async def one(kind: str) -> Took:
            async with places:
                return await _one(http, door, other, kind)

        return await asyncio.gather(*(one(kind) for kind, _ in zip(cycle(KINDS), range(PEOPLE), strict=False)))


async def _one(http: aiohttp.ClientSession, door: str, other: str, kind: str) -> Took:
    person = Person(http, door, f"b{secrets.token_hex(8)}", f"Wharf-{secrets.token_urlsafe(12)}")
    await person.arrive()
    token = {"Authorization": f"Bearer {person.listens}"}
    async with http.ws_connect(f"{other}{API}/ws", headers=token) as socket:
        closing = asyncio.create_task(_until_closed(socket))
        await KINDS[kind](person)
        answered = time.perf_counter()
        refused = await _until_refused(http, f"{other}{API}/rooms", token)
        closed = await closing
    return Took(kind, max(0.0, closed - answered), max(0.0, refused - answered))


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


def report(title: str, found: list[Took]) -> bool:
    """Print the figures; whether the bar is held."""
    bar = BARS[title]
    print(f"\n{title} ({len(found)} people, bar: p99 within {bar:g} s)")
    for kind in (*KINDS, "all"):
        of_kind = [each for each in found if kind in (each.kind, "all")]
        for what in ("closed", "refused"):
            seconds = [getattr(each, what) for each in of_kind]
            print(f"  {kind:16} {what:8} {_figures(seconds)}")
    return all(_p99([getattr(each, what) for each in found]) <= bar for what in ("closed", "refused"))


def _figures(seconds: list[float]) -> str:
    return f"median {median(seconds):7.3f} s   p99 {_p99(seconds):7.3f} s   longest {max(seconds):7.3f} s"


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100, method="inclusive")[98]


def main() -> int:
    """Make the cluster, measure, and end it."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder), wired="social")
        first = cluster.processes["gateway"]
        others = {
            "with the broker": Process("gateway-2", first.arguments, first.settings, Path(folder), free_port()),
            "without the broker": Process(
                "gateway-3", first.arguments, {**first.settings, "BROKER_URL": "memory://"}, Path(folder), free_port()
            ),
        }
        try:
            cluster.start()
            for other in others.values():
                other.start()
                until(other.is_ready, GIVEN_UP_SECONDS, f"{other.name} is ready")
            held = [report(title, asyncio.run(measure(first.url, other.url))) for title, other in others.items()]
        except NoEngine as problem:
            print(problem, file=sys.stderr)
            return 2
        finally:
            for other in others.values():
                other.stop()
            cluster.stop()
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())

"""WebSockets of the cluster: the memory of each idle one, and the time until a message is on that of its receiver."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any, TypeVar

import aiohttp
import uvloop

from bench.accounting import resident, used
from bench.environment import Environment
from bench.listening import listening
from bench.report import Report
from bench.systems import API, Ours, Signer

T = TypeVar("T")
SOCKETS = 1_000
MESSAGES_A_SECOND = 100
WARM_UP, MESSAGES = 300, 3_000
MAX_KB = {"dm": 30.0, "gateway": 30.0}
MAX_P99_MS = 50.0
AT_ONCE = 8
PATIENCE = 30.0
Waiting = dict[tuple[str, str], asyncio.Future[float]]
"""When a message arrives, by the token of its receiver and its text."""


@dataclass(frozen=True)
class Person:
    """A user with a token."""

    id: int
    token: str


@dataclass(frozen=True)
class Room:
    """A conversation that both users have accepted."""

    id: str
    sender: Person
    receiver: Person


@dataclass
class Client:
    """Sends requests through the gateway."""

    http: aiohttp.ClientSession
    signer: Signer

    async def person(self) -> Person:
        """A new user."""
        name = f"b{secrets.token_hex(6)}"
        details = {"email": f"{name}@example.com", "name": "B", "nickname": name, "password": secrets.token_urlsafe(12)}
        created = await self.send("POST", "/auth/signup", None, details)
        number = int(created["id"], 16)
        return Person(number, self.signer.token(number))

    async def room(self, sender: Person, receiver: Person) -> Room:
        """A new room of two."""
        room = await self.send("POST", "/rooms", sender, {"user_id": f"{receiver.id:016x}"})
        found = Room(room["id"], sender, receiver)
        await self.say(found, "May I?")
        await self.send("PUT", f"/rooms/{room['id']}/acceptance", receiver)
        return found

    async def say(self, room: Room, text: str) -> None:
        """Send a message."""
        await self.send("POST", f"/rooms/{room.id}/messages", room.sender, {"type": "text", "text": text})

    async def send(self, method: str, path: str, person: Person | None, body: Any = None) -> Any:
        """A request that must succeed."""
        headers = {"authorization": f"Bearer {person.token}"} if person else {}
        async with self.http.request(method, API + path, headers=headers, json=body) as response:
            response.raise_for_status()
            return await response.json()


def measure(environment: Environment, report: Report) -> None:
    """1,000 users with a WebSocket each, in 500 rooms."""
    with environment.ours_alone() as ours:
        uvloop.run(_measure(ours, environment.signer, report))


async def _measure(ours: Ours, signer: Signer, report: Report) -> None:
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{ours.port()}", timeout=timeout) as http:
        client = Client(http, signer)
        people = await _at_once(client.person() for _ in range(SOCKETS))
        rooms = await _at_once(client.room(*pair) for pair in zip(people[::2], people[1::2], strict=True))
        await asyncio.to_thread(ours.settle)
        waiting: Waiting = {}

        def on_event(token: str, name: str, data: dict[str, Any], arrived: float) -> None:
            arrival = waiting.pop((token, data["text"]), None) if name == "message.created" else None
            if arrival is not None:
                arrival.set_result(arrived)

        before = _memory(ours)
        async with listening(ours.port(), [each.token for each in people], on_event):
            each = {name: (value - before[name]) * 1_000 / SOCKETS for name, value in _memory(ours).items()}
            _report_memory(report, each)
            await _send_all(client, rooms, WARM_UP, waiting)
            cpu = used(ours.tiers())
            delays = await _send_all(client, rooms, MESSAGES, waiting)
            after = used(ours.tiers())
        report.table(
            "CPU of a message until it is on both WebSockets",
            ("", "us"),
            [(tier, f"{(after[tier] - cpu[tier]) / MESSAGES * 1e6:,.0f}") for tier in after],
        )
    p99 = quantiles(delays, n=100)[98]
    found = f"p50 {median(delays):.1f} ms, p99 {p99:.1f} ms, longest {max(delays):.0f} ms, {len(delays):,} messages"
    name = f"from the request until on the receiver's WebSocket, {MESSAGES_A_SECOND} a second, {SOCKETS:,} open"
    report.goal(name, f"p99 at most {MAX_P99_MS:.0f} ms", found, held=p99 <= MAX_P99_MS)


async def _send_all(client: Client, rooms: Sequence[Room], number: int, waiting: Waiting) -> list[float]:
    """Milliseconds from when each message was due until it arrived."""
    started, delays = time.perf_counter(), []

    async def send(index: int) -> None:
        room, due = rooms[index % len(rooms)], started + index / MESSAGES_A_SECOND
        await asyncio.sleep(due - time.perf_counter())
        text = f"The light is back, number {index} of {number}"
        arrival = waiting[room.receiver.token, text] = asyncio.get_running_loop().create_future()
        await client.say(room, text)
        delays.append((await asyncio.wait_for(arrival, PATIENCE) - due) * 1_000)

    await asyncio.gather(*map(send, range(number)))
    return delays


def _memory(ours: Ours) -> dict[str, float]:
    return {name: resident(ours.processes[name].pid) for name in MAX_KB}


def _report_memory(report: Report, each: dict[str, float]) -> None:
    report.picture("sockets", "Memory of an idle WebSocket", each, "kB")
    for name, kilobytes in each.items():
        goal = f"memory of an idle WebSocket in {name}"
        held = kilobytes <= MAX_KB[name]
        report.goal(goal, f"at most {MAX_KB[name]:.0f} kB", f"{kilobytes:.1f} kB", held=held)


async def _at_once(work: Iterable[Awaitable[T]]) -> list[T]:
    """A few at the same time."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(each: Awaitable[T]) -> T:
        async with free:
            return await each

    return await asyncio.gather(*map(one, work))

"""Runs a service for a test as it runs for people: its own database by its own migrations, and a real socket."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text

from shared import clock, ids
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.events.envelope import Event
from shared.events.in_memory import InMemoryBus
from shared.metrics import EVENTS_FAILED
from shared.server.config import server_options
from shared.testing.clocked_loop import ClockedLoop
from shared.testing.contracts import OpenApiChecker
from shared.testing.waiting import WAIT_SECONDS, eventually


@dataclass(frozen=True)
class LiveService:
    """A service that answers, and the way to let it hear facts."""

    app: FastAPI
    client: httpx.Client
    loop: ClockedLoop

    @property
    def url(self) -> str:
        """Where it answers."""
        return str(self.client.base_url)

    def deliver(self, name: str, data: dict[str, Any], *, event_id: int | None = None) -> bool:
        """Deliver an event over the bus; whether every subscriber has committed it."""
        event, confirmed = self._publish(name, data, event_id)
        if isinstance(self.app.state.bus, InMemoryBus) or not confirmed:
            return confirmed
        return eventually(lambda: self._has_taken_in(event.id))

    def delivery_fails(self, name: str, data: dict[str, Any]) -> bool:
        """Deliver an event over the bus; whether a subscriber has failed to take it in."""
        failed = _failed(name)
        event, confirmed = self._publish(name, data)
        if isinstance(self.app.state.bus, InMemoryBus):
            return not confirmed
        eventually(lambda: _failed(name) > failed)
        return not self._has_taken_in(event.id)

    def _publish(self, name: str, data: dict[str, Any], event_id: int | None = None) -> tuple[Event, bool]:
        type_, _, version = name.rpartition(".v")
        event = Event(event_id or ids.new(), type_, int(version), clock.now(), None, data)
        bus: Bus = self.app.state.bus
        published = asyncio.run_coroutine_threadsafe(bus.publish([event]), self.loop)
        return event, published.result(WAIT_SECONDS)[0]

    def _has_taken_in(self, event_id: int) -> bool:
        """A broker confirms before the subscriber has done anything: its inbox tells when it has."""
        database: Database = self.app.state.database
        row = text("SELECT event_id FROM inbox WHERE event_id = :id")
        return database.read(lambda tx: tx.execute(row, {"id": event_id}).first()) is not None


def _failed(name: str) -> float:
    """How often this process could not take in a fact of this name."""
    samples = [sample for family in EVENTS_FAILED.collect() for sample in family.samples]
    return sum(each.value for each in samples if each.labels["name"] == name and each.name.endswith("_total"))


@contextmanager
def running_service(app: FastAPI) -> Iterator[LiveService]:
    """Serve the application on loopback as long as the block lasts. Each answer is held against its OpenAPI."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else small answers wait 40 ms
    loop = ClockedLoop()
    server = _Server(uvicorn.Config(app, **server_options()))
    thread = threading.Thread(target=_serve, args=(loop, server, listener), daemon=True)
    thread.start()
    openapi_checker = OpenApiChecker(_document(app))
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        timeout=WAIT_SECONDS,
        verify=_tls(),
        event_hooks={"response": [openapi_checker.check]},
    )
    try:
        eventually(lambda: (server.started and app.state.bus.connected) or not thread.is_alive())
        yield LiveService(app, client, loop)
    finally:
        client.close()
        with suppress(RuntimeError):  # it never started, and its loop is closed
            loop.call_soon_threadsafe(server.told_to_exit.set)
        thread.join(WAIT_SECONDS)


class _Server(uvicorn.Server):
    """Ends at once when it is told to, where uvicorn looks ten times a second: hundreds of tests start one."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told_to_exit = asyncio.Event()

    async def main_loop(self) -> None:
        """Serve until told to exit. The date header is set once."""
        await self.on_tick(0)
        await self.told_to_exit.wait()
        self.should_exit = True


def _serve(loop: asyncio.AbstractEventLoop, server: uvicorn.Server, listener: socket.socket) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(server.serve(sockets=[listener]))


@cache
def _tls() -> ssl.SSLContext:
    """Not needed on loopback, but a client that is given none reads all authorities of the machine, each time."""
    return ssl.create_default_context()


_documents: dict[str, dict[str, Any]] = {}


def _document(app: FastAPI) -> dict[str, Any]:
    """Made once for all applications of a service: it takes longer than most tests."""
    if app.title not in _documents:
        _documents[app.title] = app.openapi()
    return _documents[app.title]

"""Runs a service for a test as in production: with a migrated database and a real socket."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
from shared.security.service_calls import ssl_context_for
from shared.server.config import server_options
from shared.testing.clocked_loop import ClockedLoop, ClockedServer
from shared.testing.contracts import OpenApiChecker
from shared.testing.waiting import WAIT_SECONDS, eventually


@dataclass(frozen=True)
class LiveService:
    """A running service, and functions to deliver events to it."""

    app: FastAPI
    client: httpx.Client
    loop: ClockedLoop

    @property
    def url(self) -> str:
        """The base URL."""
        return str(self.client.base_url)

    def deliver(self, name: str, data: dict[str, Any], *, event_id: int | None = None) -> bool:
        """Deliver an event over the bus. Returns whether every subscriber has committed it."""
        event, confirmed = self._publish(name, data, event_id)
        if isinstance(self.app.state.bus, InMemoryBus) or not confirmed:
            return confirmed
        return eventually(lambda: self._has_taken_in(event.id))

    def delivery_fails(self, name: str, data: dict[str, Any]) -> bool:
        """Deliver an event over the bus. Returns whether a subscriber has failed to handle it."""
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
        """Wait for the inbox row: a broker confirms before the subscriber has done anything."""
        database: Database = self.app.state.database
        row = text("SELECT event_id FROM inbox WHERE event_id = :id")
        return database.read(lambda tx: tx.execute(row, {"id": event_id}).first()) is not None


def _failed(name: str) -> float:
    """How often this process has failed to handle an event of this name."""
    samples = [sample for family in EVENTS_FAILED.collect() for sample in family.samples]
    return sum(each.value for each in samples if each.labels["name"] == name and each.name.endswith("_total"))


@contextmanager
def running_service(app: FastAPI) -> Iterator[LiveService]:
    """Serve the application on loopback during the block. Each response is checked against its OpenAPI document."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else small answers wait 40 ms
    loop = ClockedLoop()
    server = ClockedServer(uvicorn.Config(app, **server_options()))
    thread = threading.Thread(target=_serve, args=(loop, server, listener), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    client = httpx.Client(
        base_url=url,
        timeout=WAIT_SECONDS,
        verify=ssl_context_for(url),
        event_hooks={"response": [_openapi_checker(app).check]},
    )
    try:
        eventually(lambda: (server.started and app.state.bus.connected) or not thread.is_alive())
        yield LiveService(app, client, loop)
    finally:
        client.close()
        server.should_exit = True
        thread.join(WAIT_SECONDS)


def _serve(loop: asyncio.AbstractEventLoop, server: uvicorn.Server, listener: socket.socket) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(server.serve(sockets=[listener]))


_openapi_checkers: dict[str, OpenApiChecker] = {}


def _openapi_checker(app: FastAPI) -> OpenApiChecker:
    """Built once for all applications of a service: it takes longer than most tests."""
    if app.title not in _openapi_checkers:
        _openapi_checkers[app.title] = OpenApiChecker(app.openapi())
    return _openapi_checkers[app.title]

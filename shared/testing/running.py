"""Runs a service for a test as it runs for people: its own database by its own migrations, and a real socket."""

import asyncio
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text

from shared import clock, ids, migrations
from shared.database import Database
from shared.events.bus import Bus
from shared.events.envelope import Event
from shared.events.in_process import InProcessBus
from shared.server import server_options
from shared.testing.contracts import Described
from shared.testing.waiting import eventually


def migrated(folder: Path, target: Path) -> str:
    """The URL of a fresh SQLite database at `target`, brought up by the migrations in this folder."""
    shutil.copyfile(_template(folder), target)
    return f"sqlite:///{target}"


@cache
def _template(folder: Path) -> Path:
    path = Path(tempfile.mkdtemp(prefix="migrated-")) / "template.db"
    database = Database(f"sqlite:///{path}", pool_size=1)
    migrations.upgrade(database, folder)
    database.close()
    return path


@dataclass(frozen=True)
class Running:
    """A service that answers, and the way to let it hear facts."""

    app: FastAPI
    client: httpx.Client
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        """Where it answers."""
        return str(self.client.base_url)

    def hears(self, name: str, data: dict[str, Any], *, event_id: int | None = None) -> bool:
        """Deliver a fact over the bus; whether every subscriber has committed it."""
        type_, _, version = name.rpartition(".v")
        event = Event(event_id or ids.new(), type_, int(version), clock.now(), None, data)
        bus: Bus = self.app.state.bus
        confirmed = asyncio.run_coroutine_threadsafe(bus.publish([event]), self.loop).result(30)[0]
        if isinstance(bus, InProcessBus) or not confirmed:
            return confirmed
        return self._has_taken_in(event.id)

    def _has_taken_in(self, event_id: int) -> bool:
        """A broker confirms before the subscriber has done anything: its inbox tells when it has."""
        database: Database = self.app.state.database
        row = text("SELECT event_id FROM inbox WHERE event_id = :id")
        try:
            eventually(lambda: database.read(lambda tx: tx.execute(row, {"id": event_id}).first()))
        except AssertionError:
            return False
        return True


@contextmanager
def running(app: FastAPI) -> Iterator[Running]:
    """Serve the application on loopback as long as the block lasts. Each answer is held against its OpenAPI."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else small answers wait 40 ms
    loop = asyncio.new_event_loop()
    server = uvicorn.Server(uvicorn.Config(app, **server_options()))
    thread = threading.Thread(target=_serve, args=(loop, server, listener), daemon=True)
    thread.start()
    described = Described(app.openapi())
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        timeout=10,
        event_hooks={"response": [described.check]},
    )
    try:
        eventually(lambda: (server.started and app.state.bus.connected) or not thread.is_alive())
        yield Running(app, client, loop)
    finally:
        client.close()
        server.should_exit = True
        thread.join(30)


def _serve(loop: asyncio.AbstractEventLoop, server: uvicorn.Server, listener: socket.socket) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(server.serve(sockets=[listener]))

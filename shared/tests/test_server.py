"""uvicorn without its timer: it stops when told to, and its Date header is correct."""

import asyncio
import signal
import threading
from email.utils import parsedate_to_datetime

import pytest
import uvicorn

from shared.server.config import Server, server_options
from shared.testing.waiting import WAIT_SECONDS


async def app(scope: object, receive: object, send: object) -> None:
    """Is never called."""


def configured() -> uvicorn.Config:
    return uvicorn.Config(app, **{**server_options(), "lifespan": "off"})


async def waits(server: Server) -> asyncio.Task[None]:
    """Its main loop, which waits."""
    waiting = asyncio.create_task(server.main_loop())
    done, _ = await asyncio.wait([waiting], timeout=0)
    assert not done
    return waiting


def test_server_stops_when_another_thread_asks() -> None:
    async def scenario() -> None:
        server = Server(configured())
        waiting = await waits(server)
        thread = threading.Thread(target=setattr, args=(server, "should_exit", True))
        thread.start()
        await asyncio.wait_for(waiting, WAIT_SECONDS)
        thread.join()
        assert server.should_exit

    asyncio.run(scenario())


def test_first_signal_stops_and_second_signal_forces_the_stop() -> None:
    async def scenario() -> None:
        server = Server(configured())
        waiting = await waits(server)
        server.handle_exit(signal.SIGINT, None)
        await asyncio.wait_for(waiting, WAIT_SECONDS)
        assert not server.force_exit
        server.handle_exit(signal.SIGINT, None)
        assert server.force_exit

    asyncio.run(scenario())


def test_server_stopped_before_start_does_not_run() -> None:
    async def scenario() -> None:
        server = Server(configured())
        server.should_exit = True
        await asyncio.wait_for(server.main_loop(), WAIT_SECONDS)

    asyncio.run(scenario())


def test_stop_after_the_loop_has_closed_is_harmless() -> None:
    server = Server(configured())

    async def scenario() -> None:
        waiting = await waits(server)
        waiting.cancel()

    asyncio.run(scenario())
    server.should_exit = True
    assert server.should_exit


def test_date_header_has_the_current_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_700_000_000.9
    monkeypatch.setattr("shared.server.config.time.time", lambda: now)
    config = configured()
    config.load()
    state = Server(config).server_state
    first = state.default_headers
    assert first is state.default_headers, "made once in a second"
    now += 0.2
    dates = [parsedate_to_datetime(dict(each)[b"date"].decode()).timestamp() for each in (first, state.default_headers)]
    assert dates == [1_700_000_000, 1_700_000_001]

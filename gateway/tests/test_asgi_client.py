"""The client that calls the application of a service in the same process."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar

import pytest
import uvicorn

from gateway.exchange import Receive, Scope, Send
from gateway.upstream.asgi_client import AsgiClient
from shared.http_client.client import Origin
from shared.http_client.response import CHUNK_BYTES, InvalidResponse, Response, ServiceUnreachable
from shared.server.config import Server, server_options
from shared.testing.listeners import some_turns
from shared.testing.waiting import WAIT_SECONDS

from .stub_services import say, start, whole_body

Application = Callable[[Scope, Receive, Send], Awaitable[None]]
ORIGIN = Origin("http", "127.0.0.1", 8101)


@asynccontextmanager
async def calling(app: Application) -> AsyncIterator[AsgiClient]:
    config = uvicorn.Config(app, **{**server_options(), "lifespan": "off"})
    config.load()
    server = Server(config)
    client = AsgiClient(server, ORIGIN, ORIGIN.host, WAIT_SECONDS)
    try:
        yield client
    finally:
        client.close()
        await asyncio.wait_for(asyncio.gather(*server.server_state.tasks, return_exceptions=True), WAIT_SECONDS)


async def read_all(response: Response) -> bytes:
    body = b""
    while not response.at_end:
        body += await response.read()
    response.release()
    return body


def run(app: Application, ask: Callable[[AsgiClient], Awaitable[None]]) -> None:
    async def scenario() -> None:
        async with calling(app) as client, asyncio.timeout(WAIT_SECONDS):
            await ask(client)

    asyncio.run(scenario())


def test_application_receives_what_a_server_would_pass_to_it() -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await say(send, 200, await whole_body(receive))

    async def ask(client: AsgiClient) -> None:
        target = b"/a%20b/%EC%B9%9C?x=%2F"
        response = await client.request("POST", target, [(b"x-one", b"1")], b"text")
        assert (response.status, response.headers[b"content-length"]) == (200, b"4")
        assert await read_all(response) == b"text"

    run(app, ask)
    (scope,) = scopes
    assert (scope["type"], scope["method"], scope["scheme"], scope["http_version"]) == ("http", "POST", "http", "1.1")
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a b/친", b"/a%20b/%EC%B9%9C", b"x=%2F")
    assert scope["headers"] == [(b"host", b"127.0.0.1:8101"), (b"x-one", b"1")]
    assert scope["server"] == ("127.0.0.1", 8101)


@pytest.mark.parametrize("fails", [True, False], ids=["raises", "returns"])
def test_application_without_a_response(fails: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        if fails:
            raise RuntimeError("a bug")

    async def ask(client: AsgiClient) -> None:
        with pytest.raises(InvalidResponse):
            await client.request("GET", b"/", [])

    with caplog.at_level(logging.ERROR):
        run(app, ask)


@pytest.mark.parametrize("fails", [True, False], ids=["raises", "returns"])
def test_application_that_ends_during_its_response(fails: bool) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await start(send, 200)
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        if fails:
            raise RuntimeError("a bug")

    async def ask(client: AsgiClient) -> None:
        response = await client.request("GET", b"/", [])
        assert await response.read() == b"half"
        with pytest.raises(InvalidResponse):
            await response.read()
        response.release()

    run(app, ask)


def test_application_waits_for_the_reader() -> None:
    sent = 0

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        nonlocal sent
        await start(send, 200)
        for _ in range(100):
            await send({"type": "http.response.body", "body": b"x" * CHUNK_BYTES, "more_body": True})
            sent += 1
        await send({"type": "http.response.body", "body": b""})

    async def ask(client: AsgiClient) -> None:
        response = await client.request("GET", b"/", [])
        for read in range(100):
            await some_turns()
            assert sent <= read + 2
            assert len(await response.read()) == CHUNK_BYTES
        assert await read_all(response) == b""

    run(app, ask)


def test_application_is_notified_when_its_response_is_not_read() -> None:
    told: list[str] = []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await whole_body(receive)
        await start(send, 200)
        await send({"type": "http.response.body", "body": b"x" * (CHUNK_BYTES + 1), "more_body": True})
        told.append((await receive())["type"])
        await send({"type": "http.response.body", "body": b"to nobody"})

    async def ask(client: AsgiClient) -> None:
        response = await client.request("GET", b"/", [])
        response.release()

    run(app, ask)
    assert told == ["http.disconnect"]


def test_cancelled_request_goes_on_in_the_application() -> None:
    done = asyncio.Event()
    arrived = asyncio.Event()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await whole_body(receive)
        arrived.set()
        assert (await receive())["type"] == "http.disconnect"
        await say(send, 200, {})
        done.set()

    async def ask(client: AsgiClient) -> None:
        asking = asyncio.create_task(client.request("GET", b"/", []))
        await arrived.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await done.wait()

    run(app, ask)


def test_close_fails_those_who_wait() -> None:
    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def ask(client: AsgiClient) -> None:
        asking = asyncio.create_task(client.request("GET", b"/", []))
        await some_turns()
        client.close()
        with pytest.raises(ServiceUnreachable):
            await asking

    run(app, ask)


def test_part_of_an_upload_survives_a_cancelled_receive() -> None:
    bodies: list[bytes] = []
    sending = asyncio.Event()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await receive()
        sending.set()
        bodies.append(await whole_body(receive))
        await say(send, 200, {})

    async def parts() -> AsyncIterator[bytes]:
        await sending.wait()
        yield b"one"
        yield b"two"

    async def ask(client: AsgiClient) -> None:
        response = await client.request("POST", b"/", [], parts())
        assert response.status == 200
        await read_all(response)

    run(app, ask)
    assert bodies == [b"onetwo"]


def test_upload_that_fails_ends_its_request() -> None:
    told: list[str] = []

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        told.append((await receive())["type"])
        told.append((await receive())["type"])
        told.append((await receive())["type"])

    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        raise ValueError("the client has left")

    async def ask(client: AsgiClient) -> None:
        with pytest.raises(InvalidResponse, match="the client has left"):
            await client.request("POST", b"/", [], parts())

    run(app, ask)
    assert told == ["http.request", "http.disconnect", "http.disconnect"]


def test_application_runs_in_a_context_of_its_own() -> None:
    variable = ContextVar("variable", default="unset")
    seen: list[str] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        seen.append(variable.get())
        await say(send, 200, {})

    async def ask(client: AsgiClient) -> None:
        variable.set("of the caller")
        await read_all(await client.request("GET", b"/", []))

    run(app, ask)
    assert seen == ["unset"]

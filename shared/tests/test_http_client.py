"""The HTTP client reads responses: valid ones, and whatever else a service may send."""

import asyncio

import pytest

from shared.http_client import client as client_module
from shared.http_client.connection import MAX_HEAD_BYTES, Connection
from shared.http_client.response import CHUNK_BYTES, InvalidResponse, ServiceUnreachable
from shared.testing.scripted_service import OK, Behave, always, body_of, get, once, responses_to, started
from shared.testing.waiting import WAIT_SECONDS


@pytest.mark.parametrize(
    "parts",
    [
        (OK,),
        tuple(OK[at : at + 1] for at in range(len(OK))),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n", b"1\r\nk\r\n0\r\n\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", OK),
    ],
    ids=["whole", "byte by byte", "chunked", "after preliminary responses"],
)
def test_connection_is_used_again(parts: tuple[bytes, ...]) -> None:
    assert responses_to(always(*parts), 3) == ([(200, b"ok")] * 3, 1)


@pytest.mark.parametrize("status", [204, 304])
def test_response_without_a_body_ends_with_its_headers(status: int) -> None:
    assert responses_to(always(b"HTTP/1.1 %d X\r\netag: a\r\n\r\n" % status), 2) == ([(status, b"")] * 2, 1)


def test_response_without_a_length_ends_with_its_connection() -> None:
    assert responses_to(once(b"HTTP/1.1 200 OK\r\n\r\no", b"k"), 2) == ([(200, b"ok")] * 2, 2)


@pytest.mark.parametrize(
    "behave",
    [
        always(OK.replace(b"content", b"connection: close\r\ncontent")),
        always(OK.replace(b"1.1", b"1.0")),
        always(OK + OK.replace(b"ok", b"no")),
    ],
    ids=["connection: close", "HTTP/1.0", "a second response"],
)
def test_connection_is_not_used_again(behave: Behave) -> None:
    assert responses_to(behave, 2) == ([(200, b"ok")] * 2, 2)


def test_connection_that_the_service_closed_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def noted(connection: Connection, error: Exception | None) -> None:
        on_lost(connection, error)
        lost.set()

    async def ask() -> None:
        async with started(once(OK)) as (client, service):
            for number in (1, 2):
                lost.clear()
                assert await get(client) == (200, b"ok")
                await asyncio.wait_for(lost.wait(), WAIT_SECONDS)
                assert service.connections == number

    lost, on_lost = asyncio.Event(), Connection.connection_lost
    monkeypatch.setattr(Connection, "connection_lost", noted)
    asyncio.run(ask())


def test_bytes_without_a_request_close_the_connection() -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await go_on.wait()
        writer.write(OK.replace(b"ok", b"no"))

    async def ask() -> None:
        async with started(late) as (client, service):
            assert await get(client) == (200, b"ok")
            go_on.set()
            await asyncio.wait_for(service.closed.wait(), WAIT_SECONDS)
            assert await get(client) == (200, b"ok")
            assert service.connections == 2

    go_on = asyncio.Event()
    asyncio.run(ask())


def test_idle_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> None:
        async with started(always(OK)) as (client, service):
            await get(client)
            await asyncio.wait_for(service.closed.wait(), WAIT_SECONDS)

    monkeypatch.setattr(client_module, "KEEP_ALIVE_SECONDS", 0.01)
    asyncio.run(ask())


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-len",
    ],
)
def test_lost_connection_before_the_response(sent: bytes) -> None:
    with pytest.raises(ServiceUnreachable):
        responses_to(once(sent))


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * MAX_HEAD_BYTES,
    ],
)
def test_invalid_head(sent: bytes) -> None:
    with pytest.raises(InvalidResponse):
        responses_to(always(sent))


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\nx\r\n",
    ],
)
def test_invalid_body(sent: bytes) -> None:
    with pytest.raises(InvalidResponse):
        responses_to(once(sent))


def test_large_body_waits_for_its_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    size, largest_receipt = 20_000_000, 256 * 1024

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        writer.write(b"x" * size)

    def noted(connection: Connection, body: bytes) -> None:
        on_body(connection, body)
        buffered.append(connection._buffered)
        if not connection._transport.is_reading():
            paused.set()

    async def ask() -> None:
        async with started(behave) as (client, _):
            response = await client.request("GET", b"/", [])
            await asyncio.wait_for(paused.wait(), WAIT_SECONDS)
            assert len(await body_of(response)) == size

    paused, buffered, on_body = asyncio.Event(), list[int](), Connection.on_body
    monkeypatch.setattr(Connection, "on_body", noted)
    asyncio.run(ask())
    assert CHUNK_BYTES < max(buffered) <= CHUNK_BYTES + largest_receipt

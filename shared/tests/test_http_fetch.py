"""Whole responses of other services: within limits of time, size, and number at the same time."""

import asyncio

import pytest

from shared.http_client import fetch
from shared.http_client.fetch import Fetcher, fetch_once
from shared.http_client.response import RequestFailed
from shared.testing.scripted_service import OK, Behave, always, once, serving
from shared.testing.waiting import WAIT_SECONDS

REDIRECT = b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n"


def fetched(behave: Behave, max_bytes: int = 100) -> tuple[int, bytes]:
    async def ask() -> tuple[int, bytes]:
        async with serving(behave) as (origin, _):
            return await fetch_once(f"http://{origin.authority.decode()}/things", max_bytes)

    return asyncio.run(ask())


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def stopping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK[:-1])


def test_status_and_body() -> None:
    assert fetched(always(OK)) == (200, b"ok")


def test_redirect_is_not_followed() -> None:
    assert fetched(always(REDIRECT)) == (302, b"")


def test_body_of_the_largest_size() -> None:
    assert fetched(always(OK), max_bytes=2) == (200, b"ok")


@pytest.mark.parametrize(
    "sent",
    [OK, b"HTTP/1.1 200 OK\r\n\r\nok", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
    ids=["with its length", "without", "chunked"],
)
def test_larger_body_is_refused(sent: bytes) -> None:
    with pytest.raises(RequestFailed, match="more than 1 bytes"):
        fetched(once(sent), max_bytes=1)


@pytest.mark.parametrize("behave", [silent, stopping], ids=["no response", "a response without its end"])
def test_service_that_stops_is_not_waited_for(behave: Behave, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "WAIT_SECONDS", 0.05)
    with pytest.raises(RequestFailed, match="timeout"):
        fetched(behave)


def test_waiting_for_a_free_connection_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    async def behave(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()

    async def ask() -> None:
        async with serving(behave) as (origin, service):
            fetcher = Fetcher(f"http://{origin.authority.decode()}")
            first = asyncio.create_task(fetcher.get("/1", [], 100))
            await asyncio.wait_for(asked.wait(), WAIT_SECONDS)
            monkeypatch.setattr(fetch, "WAIT_SECONDS", 0.01)
            with pytest.raises(RequestFailed, match="timeout"):
                await fetcher.get("/2", [], 100)
            assert service.connections == 1
            fetcher.close()
            with pytest.raises(RequestFailed):
                await first

    asked = asyncio.Event()
    monkeypatch.setattr(fetch, "MAX_AT_ONCE", 1)
    monkeypatch.setattr(fetch, "WAIT_SECONDS", WAIT_SECONDS)
    asyncio.run(ask())


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/things/1?after=5&q=a%20b", b"/base/things/1?after=5&q=a%20b"),
        ("/things/\u00e9 1", b"/base/things/%C3%A9%201"),
        ("/things\r\nx: y", b"/base/things%0D%0Ax:%20y"),
    ],
)
def test_target_of_the_request(path: str, target: bytes) -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)

    async def ask() -> None:
        async with serving(behave) as (origin, _):
            fetcher = Fetcher(f"http://{origin.authority.decode()}/base/")
            assert await fetcher.get(path, [(b"x-request-id", b"1")], 100) == (200, b"ok")
            fetcher.close()
            host = origin.authority
            assert asked == [b"GET %b HTTP/1.1\r\nhost: %b\r\nx-request-id: 1\r\n\r\n" % (target, host)]

    asked: list[bytes] = []
    asyncio.run(ask())


def test_connection_of_a_single_request_is_closed() -> None:
    async def ask() -> None:
        async with serving(always(OK)) as (origin, service):
            await fetch_once(f"http://{origin.authority.decode()}/", 100)
            await asyncio.wait_for(service.closed.wait(), WAIT_SECONDS)

    asyncio.run(ask())


@pytest.mark.parametrize("url", ["", "auth:8101", "ftp://auth", "http://", "http://auth:port"])
def test_other_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"not an address|Port"):
        Fetcher(url)

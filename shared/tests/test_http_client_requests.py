"""The HTTP client sends requests: uploads, over TLS, to names, and requests that end early."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, gaierror, socket

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.http_client.client import Client, NeverSent, Origin
from shared.http_client.response import CHUNK_BYTES, InvalidResponse
from shared.testing.ports import closed_port
from shared.testing.scripted_service import OK, always, body_of, get, serving, started
from shared.testing.waiting import WAIT_SECONDS


async def parts_of(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * CHUNK_BYTES


@pytest.mark.parametrize("chunked", [False, True])
def test_upload(chunked: bool) -> None:
    received = bytearray()
    field = (b"transfer-encoding", b"chunked") if chunked else (b"content-length", b"%d" % (100 * CHUNK_BYTES))
    end = b"0\r\n\r\n" if chunked else b"x"

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while len(received) < 100 * CHUNK_BYTES or not received.endswith(end):
            received.extend(await reader.read(CHUNK_BYTES))
        writer.write(OK)

    async def ask() -> None:
        async with started(behave) as (client, _):
            assert await body_of(await client.request("POST", b"/", [field], parts_of(100))) == b"ok"

    asyncio.run(ask())
    assert received.count(b"x") == 100 * CHUNK_BYTES


def test_response_before_the_end_of_an_upload_closes_the_connection() -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)

    async def ask() -> None:
        async with started(behave) as (client, service):
            response = await client.request("POST", b"/", [(b"content-length", b"6553600")], parts_of(100))
            assert await body_of(response) == b"ok"
            await asyncio.wait_for(service.closed.wait(), WAIT_SECONDS)

    asyncio.run(ask())


def test_upload_that_fails_ends_its_request() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise ValueError("the client has left")

    async def behave(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async def ask() -> None:
        async with started(behave) as (client, service):
            with pytest.raises(InvalidResponse, match="the client has left"):
                await client.request("POST", b"/", [(b"content-length", b"2")], broken())
            assert service.connections == 1

    asyncio.run(ask())


def test_cancelled_request_closes_its_connection() -> None:
    async def behave(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()

    async def ask() -> None:
        async with started(behave) as (client, service):
            request = asyncio.create_task(client.request("GET", b"/", []))
            await asyncio.wait_for(asked.wait(), WAIT_SECONDS)
            request.cancel()
            await asyncio.wait_for(service.closed.wait(), WAIT_SECONDS)
            with pytest.raises(asyncio.CancelledError):
                await request

    asked = asyncio.Event()
    asyncio.run(ask())


def test_refused_connection_was_never_sent() -> None:
    async def ask(port: int) -> None:
        await Client(Origin("http", "127.0.0.1", port), "127.0.0.1", WAIT_SECONDS).request("GET", b"/", [])

    with closed_port() as port, pytest.raises(NeverSent):
        asyncio.run(ask(port))


def test_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(_loop: asyncio.AbstractEventLoop, _host: str, port: int, **_: object) -> list[object]:
        return [(AF_INET, SOCK_STREAM, 0, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    async def ask() -> None:
        async with serving(always(OK)) as (origin, _):
            client = Client(origin, "service", WAIT_SECONDS)
            assert await get(client) == (200, b"ok")
            client.close()

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", found)
    asyncio.run(ask())


def test_unknown_name_was_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(*_: object, **__: object) -> list[object]:
        raise gaierror("Name or service not known")

    async def ask() -> None:
        await Client(Origin("http", "service", 80), "service", WAIT_SECONDS).request("GET", b"/", [])

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", found)
    with pytest.raises(NeverSent, match="not known"):
        asyncio.run(ask())


def test_service_that_accepts_no_connection_in_time_was_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(_: object, line: socket, address: object) -> None:
        await asyncio.Event().wait()

    async def ask() -> None:
        await Client(Origin("http", "127.0.0.1", 80), "127.0.0.1", 0.01).request("GET", b"/", [])

    monkeypatch.setattr("asyncio.selector_events.BaseSelectorEventLoop.sock_connect", silent)
    with pytest.raises(NeverSent, match="Timeout"):
        asyncio.run(ask())


def test_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> tuple[int, bytes]:
        async with started(always(OK), tls) as (client, _):
            return await get(client)

    tls = _certificate(tmp_path)
    with pytest.raises(NeverSent, match="CERTIFICATE_VERIFY_FAILED"):
        asyncio.run(ask())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    assert asyncio.run(ask()) == (200, b"ok")


def _certificate(folder: Path) -> ssl.SSLContext:
    """The context of a server whose own certificate is in this folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "service")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context

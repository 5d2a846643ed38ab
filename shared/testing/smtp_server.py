"""An SMTP server (aiosmtpd) that tests start: it stores what it accepts, and can refuse, defer, hang and break off."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any, AnyStr

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.testing.listeners import some_turns, stop_accepting
from shared.testing.waiting import WAIT_SECONDS

HOST = "127.0.0.1"
ACCEPTED = "250 accepted"
Reply = Callable[[str], str]
"""The reply to the recipient with this address."""


@dataclass(frozen=True)
class Accepted:
    """A message that the server has accepted."""

    recipient: str
    message: EmailMessage
    encrypted: bool
    """Whether it came over TLS."""


@dataclass
class MailServer:
    """A running server. Tests change its attributes while it runs."""

    port: int = 0
    accepted: list[Accepted] = field(default_factory=list)
    """In their order. One list, since a test reads it while another thread appends."""
    tried: list[str] = field(default_factory=list)
    """Every recipient that a client has named."""
    on_recipient: Reply = lambda _: ACCEPTED
    on_data: Reply = lambda _: ACCEPTED
    credentials: tuple[str, str] | None = None
    """If they are set, only this name with this password may send."""
    loses_reply: bool = False
    """Accept the next message, and close the connection instead of answering."""
    hangs: bool = False
    """Accept connections and say nothing."""

    connections: dict[asyncio.BaseProtocol, asyncio.BaseTransport] = field(default_factory=dict)
    """The open ones."""

    @property
    def url(self) -> str:
        """Without TLS."""
        return f"smtp://{HOST}:{self.port}?tls=off"

    @property
    def received(self) -> list[EmailMessage]:
        """The accepted messages."""
        return [each.message for each in tuple(self.accepted)]

    @property
    def recipients(self) -> list[str]:
        """Of the accepted messages."""
        return [each.recipient for each in tuple(self.accepted)]

    def sent_to(self, address: str) -> list[EmailMessage]:
        """The accepted messages to this address."""
        return [each.message for each in tuple(self.accepted) if each.recipient == address]


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_RCPT(  # noqa: N802 - called by aiosmtpd
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self._server.tried.append(address)
        if self._server.credentials is not None and not session.authenticated:
            return "530 5.7.0 Authentication required"
        reply = self._server.on_recipient(address)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        (recipient,) = envelope.rcpt_tos
        reply = self._server.on_data(recipient)
        if not reply.startswith("2"):
            return reply
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        self._server.accepted.append(Accepted(recipient, message, encrypted=session.ssl is not None))
        if self._server.loses_reply:
            self._server.loses_reply = False
            assert smtp.transport is not None
            smtp.transport.close()
        return reply

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self._server.credentials, handled=False)


class _Protocol(SMTP):
    """Says nothing at all while the server hangs."""

    def __init__(self, server: MailServer, handler: _Handler, **options: Any) -> None:
        super().__init__(handler, **options)
        self._mail_server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called again after STARTTLS, with the encrypted transport."""
        super().connection_made(transport)
        self._mail_server.connections.setdefault(self, transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._mail_server.connections.pop(self, None)

    async def push(self, status: AnyStr) -> None:
        while self._mail_server.hangs:  # noqa: ASYNC110 - a test ends it from another thread
            await asyncio.sleep(0.01)  # noqa: TID251 - the same
        await super().push(status)


@contextmanager
def running_mail_server(*, certificate: Path | None = None, port: int = 0, **attributes: Any) -> Iterator[MailServer]:
    """A server on this port, or on a free one; with a certificate it offers and requires STARTTLS."""
    server = MailServer(**attributes)
    handler = _Handler(server)
    options: dict[str, Any] = {"hostname": "localhost", "authenticator": handler.authenticate}
    options["auth_require_tls"] = certificate is not None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        options |= {"tls_context": context, "require_starttls": True}
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="mail server", daemon=True)
    thread.start()
    listening: asyncio.Server | None = None
    try:
        opening = loop.create_server(lambda: _Protocol(server, handler, loop=loop, **options), HOST, port)
        listening = asyncio.run_coroutine_threadsafe(opening, loop).result(WAIT_SECONDS)
        server.port = listening.sockets[0].getsockname()[1]
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_end(server, listening), loop).result(WAIT_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_SECONDS)
        loop.close()


async def _end(server: MailServer, listening: asyncio.Server | None) -> None:
    if listening is not None:
        await stop_accepting(listening.sockets)
        listening.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for connection in tuple(server.connections.values()):
        assert isinstance(connection, asyncio.WriteTransport)
        connection.abort()
    while server.connections:
        await some_turns()


def self_signed_certificate(file: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, valid for a day, in this file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server of tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + certificate.public_bytes(pem))
    return file

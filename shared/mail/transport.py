"""Where messages go, by URL: an SMTP server, a folder, or the terminal.

- `smtps://user:password@host:465`: SMTP with TLS (RFC 8314), the port is 465 by default.
- `smtp://user:password@host:587`: SMTP with STARTTLS (RFC 3207), which is required; the port is 587 by default.
- `smtp://host:25?tls=off`: without TLS and so without a password, for a relay in one's own network.
- `file:///folder`: one file for each message, `<id>.eml`.
- `log:`: printed to standard error, for development.

`?ca=/path/to/ca.pem` names the certificates that are trusted instead of those of the system.
"""

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTPException, SMTPNotSupported, SMTPRecipientsRefused, SMTPResponseException

from shared import ids
from shared.errors import Unavailable
from shared.mail.message import Mail, domain_of, wire_form

COMMAND_SECONDS = 20.0
"""How long the server may take for a connection, and for its response to a command."""
MAIL_SECONDS = 60.0
"""How long a message may take in total, and a connection until messages can be sent."""
QUIT_SECONDS = 2.0
SERVICE_CLOSING = 421
"""The reply of a server that closes the connection (RFC 5321, section 3.8), whatever the command was."""
MAX_REASON_LENGTH = 200
PORTS = {"smtp": 587, "smtps": 465}


class Refused(Exception):
    """The server refuses this message for good (5xx)."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(str(code))  # the text may quote an address, and must not be logged
        self.code = code
        self.reason = f"{code} {text}"[:MAX_REASON_LENGTH]


class Deferred(Refused):
    """The server does not take this message now (4xx), such as with greylisting; later it may."""


class Interrupted(Exception):
    """The connection ended before the server accepted the message, or before its acceptance arrived."""


class Connection(Protocol):
    """Sends messages one after another."""

    async def send(self, mail: Mail, mail_id: int, created_at: int) -> None:
        """Returns when the message is accepted. Raises Refused, Deferred, Interrupted."""


class Transport(Protocol):
    """Opens connections."""

    def connect(self) -> AbstractAsyncContextManager[Connection]:
        """Raises Unavailable if there is no connection, and so no message was sent."""


@dataclass(frozen=True, slots=True)
class SmtpTransport:
    """An SMTP server."""

    host: str
    port: int
    sender: str
    username: str | None
    password: str | None
    tls: str
    """`implicit`, `starttls` or `off`."""
    ca: str | None

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        client = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            local_hostname=domain_of(self.sender),  # the default asks the name servers
            use_tls=self.tls == "implicit",
            start_tls=self.tls == "starttls",
            tls_context=None if self.tls == "off" else ssl.create_default_context(cafile=self.ca),
            timeout=COMMAND_SECONDS,
        )
        async with AsyncExitStack() as at_end:
            try:
                async with asyncio.timeout(MAIL_SECONDS):
                    await client.connect()
                    at_end.push_async_callback(_abort, client.transport)
                    if self.username is not None and self.password is not None:
                        await client.login(self.username, self.password)
            except (SMTPException, OSError, ValueError) as problem:
                raise Unavailable("mail_unavailable", f"The mail server cannot be used: {_kind_of(problem)}.") from None
            yield SmtpConnection(client, self.sender)
            with suppress(SMTPException, OSError):
                async with asyncio.timeout(QUIT_SECONDS):
                    await client.quit()


async def _abort(transport: asyncio.BaseTransport | None) -> None:
    """Free the socket at once. The client waits 30 s for the server when TLS ends, and the event loop may end first."""
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
    await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class SmtpConnection:
    """A connection to an SMTP server, authenticated if there is a password."""

    client: aiosmtplib.SMTP
    sender: str

    async def send(self, mail: Mail, mail_id: int, created_at: int) -> None:
        message = wire_form(mail, self.sender, mail_id, created_at)
        options = [] if mail.recipient.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            async with asyncio.timeout(MAIL_SECONDS):
                await self.client.sendmail(parseaddr(self.sender)[1], [mail.recipient], message, mail_options=options)
        except SMTPRecipientsRefused as problem:
            (recipient,) = problem.recipients
            raise _refusal(recipient.code, recipient.message) from None
        except aiosmtplib.SMTPSenderRefused as problem:
            # The settings are wrong, which is no fault of the message: it waits until they are corrected.
            raise _reply(problem.code, problem.message, Deferred) from None
        except SMTPNotSupported:
            raise Refused(553, "The server does not support internationalised addresses.") from None
        except SMTPResponseException as problem:
            raise _refusal(problem.code, problem.message) from None
        except (SMTPException, OSError) as problem:
            raise Interrupted(_kind_of(problem)) from None


@dataclass(frozen=True, slots=True)
class FolderTransport:
    """A folder, for tests and for programs that send the files themselves."""

    folder: Path
    sender: str

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        yield self

    async def send(self, mail: Mail, mail_id: int, created_at: int) -> None:
        """A repetition replaces the file."""
        content = wire_form(mail, self.sender, mail_id, created_at)
        try:
            await asyncio.to_thread(self._write, f"{ids.encode(mail_id)}.eml", content)
        except OSError as problem:
            raise Interrupted(_kind_of(problem)) from problem

    def _write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.folder / f"{name}.part"
        with open(part, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(content)
        part.replace(self.folder / name)


@dataclass(frozen=True, slots=True)
class LogTransport:
    """Standard error, so that somebody who tries the program sees its messages."""

    sender: str

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        yield self

    async def send(self, mail: Mail, mail_id: int, created_at: int) -> None:  # noqa: ARG002 - not printed
        """Only the text."""
        lines = [f"To: {mail.recipient}", f"Subject: {mail.subject}", "", *mail.text.splitlines()]
        sys.stderr.write("\n" + "".join(f"  | {line}".rstrip() + "\n" for line in lines) + "\n")


def transport_from(url: str, sender: str) -> Transport:
    """The transport of this URL. Raises ValueError, whose message quotes nothing of the URL: it has a password."""
    try:
        parts = urlsplit(url)
        port, options = parts.port, dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise ValueError("not a URL; special characters of a password have to be percent-encoded") from None
    if parts.scheme == "log" and url == "log:":
        return LogTransport(sender)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return FolderTransport(Path(unquote(parts.path)), sender)
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("not log:, file:///folder, smtp://host or smtps://host")
    return _smtp_transport(parts, port, options, sender)


def _smtp_transport(parts: SplitResult, port: int | None, options: dict[str, str], sender: str) -> SmtpTransport:
    without_tls = parts.scheme == "smtp" and options.get("tls") == "off"
    if without_tls:
        del options["tls"]
    ca = options.pop("ca", None)
    if options:
        raise ValueError("the only options are ca=/path, and tls=off of smtp://")
    if (parts.username is None) != (parts.password is None):
        raise ValueError("a user needs a password, and a password a user")
    if without_tls and parts.username is not None:
        raise ValueError("a password is sent only with TLS")
    return SmtpTransport(
        host=parts.hostname or "",
        port=port or PORTS[parts.scheme],
        sender=sender,
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        tls="off" if without_tls else "implicit" if parts.scheme == "smtps" else "starttls",
        ca=ca,
    )


def _refusal(code: int, text: str) -> Exception:
    return _reply(code, text, Refused if code >= 500 else Deferred)


def _reply(code: int, text: str, kind: type[Refused]) -> Exception:
    return Interrupted(str(code)) if code == SERVICE_CLOSING or code < 0 else kind(code, " ".join(text.split()))


def _kind_of(problem: Exception) -> str:
    """What happened, without the texts of servers and libraries, which may quote addresses."""
    code = f" {problem.code}" if isinstance(problem, SMTPResponseException) else ""
    return f"{type(problem).__name__}{code}"

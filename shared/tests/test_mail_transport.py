"""Messages go to a real SMTP server, to a folder and to the terminal."""

import asyncio
import gc
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from shared import clock, ids
from shared.errors import Unavailable
from shared.mail import transport as transports
from shared.mail.message import Mail
from shared.mail.queue import LEASE_MS
from shared.mail.transport import Deferred, Interrupted, Refused, SmtpTransport, transport_from
from shared.testing import eventually
from shared.testing.ports import closed_port
from shared.testing.smtp_server import MailServer, running_mail_server, self_signed_certificate

SENDER = "Shutter <no-reply@shutter.example>"
MAIL_ID = ids.new()
CREATED_AT = 1_795_423_260_123


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """A connection that is not closed fails its own test, and not a later one."""
    yield
    gc.collect()


def mail(recipient: str = "ada@example.org") -> Mail:
    return Mail(recipient, "ko", "비밀번호 재설정", "안녕하세요\nhttps://shutter.example/x", "<p>안녕하세요</p>")


def send(url: str, *mails: Mail, server: MailServer | None = None) -> None:
    """All over one connection. Returns when this server has no connection any more."""

    async def sending() -> None:
        try:
            async with transport_from(url, SENDER).connect() as connection:
                for each in mails or (mail(),):
                    await connection.send(each, MAIL_ID, CREATED_AT)
        finally:
            if server is not None:
                await asyncio.to_thread(eventually, lambda: not server.connections)

    asyncio.run(sending())


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return self_signed_certificate(tmp_path / "certificate.pem")


def starttls(server: MailServer, certificate: Path, who: str = "") -> str:
    return f"smtp://{who}127.0.0.1:{server.port}?ca={certificate}"


def test_mail_has_both_parts_and_a_stable_identity() -> None:
    with running_mail_server() as server:
        send(server.url)
    (message,) = server.received
    assert message["From"] == SENDER
    assert message["To"] == server.recipients[0] == "ada@example.org"
    assert message["Subject"] == "비밀번호 재설정"
    assert message["Message-ID"] == f"<{ids.encode(MAIL_ID)}@shutter.example>"
    assert message["Date"] == "Mon, 23 Nov 2026 08:41:00 +0000"
    assert (message["Auto-Submitted"], message["Content-Language"]) == ("auto-generated", "ko")
    parts = {part.get_content_type(): part.get_content() for part in message.iter_parts()}
    assert parts["text/plain"].split() == ["안녕하세요", "https://shutter.example/x"]
    assert parts["text/html"].strip() == "<p>안녕하세요</p>"


def test_starttls_encrypts_and_logs_in(certificate: Path) -> None:
    with running_mail_server(certificate=certificate, credentials=("post@example.org", "s/e:c@ret")) as server:
        send(starttls(server, certificate, "post%40example.org:s%2Fe%3Ac%40ret@"))
        assert [each.encrypted for each in server.accepted] == [True]
        with pytest.raises(Unavailable, match="SMTPAuthenticationError 535") as refused:
            send(starttls(server, certificate, "post%40example.org:wrong@"))
    assert "wrong" not in str(refused.value)
    assert len(server.received) == 1


def test_certificate_that_is_not_trusted_is_refused(certificate: Path) -> None:
    with running_mail_server(certificate=certificate) as server, pytest.raises(Unavailable):
        send(f"smtp://127.0.0.1:{server.port}", server=server)
    assert server.tried == []


def test_server_without_starttls_gets_nothing() -> None:
    with running_mail_server() as server, pytest.raises(Unavailable):
        send(f"smtp://127.0.0.1:{server.port}", server=server)
    assert server.tried == []


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        ("450 4.2.0 Greylisted", Deferred, 450),
        ("550 5.1.1 <ada@example.org>: no such user", Refused, 550),
        ("421 4.3.2 Closing", Interrupted, 421),
    ],
)
@pytest.mark.parametrize("place", ["on_recipient", "on_data"])
def test_reply_decides_what_becomes_of_a_mail(place: str, reply: str, kind: type[Exception], code: int) -> None:
    with running_mail_server() as server:
        setattr(server, place, lambda _: reply)
        with pytest.raises(kind) as problem:
            send(server.url)
    assert problem.type is kind
    assert str(problem.value).endswith(str(code))
    assert "ada" not in str(problem.value)
    assert server.received == []


def test_connection_sends_further_mails_after_a_refusal() -> None:
    async def sending(url: str) -> None:
        async with transport_from(url, SENDER).connect() as connection:
            with pytest.raises(Refused):
                await connection.send(mail("nobody@example.org"), ids.new(), CREATED_AT)
            await connection.send(mail(), ids.new(), CREATED_AT)

    refusing = {"nobody@example.org": "550 no such user"}
    with running_mail_server(on_recipient=lambda address: refusing.get(address, "250 ok")) as server:
        asyncio.run(sending(server.url))
    assert server.recipients == ["ada@example.org"]


def test_hung_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "COMMAND_SECONDS", 0.1)
    with running_mail_server(hangs=True) as server, pytest.raises(Unavailable, match="mail server cannot be used"):
        send(server.url)


def test_server_that_hangs_during_a_mail_interrupts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "MAIL_SECONDS", 0.5)

    def hang(_: str) -> str:
        server.hangs = True
        return "250 ok"

    async def sending() -> None:
        async with transport_from(server.url, SENDER).connect() as connection:
            await connection.send(mail(), MAIL_ID, CREATED_AT)

    with running_mail_server(on_recipient=hang) as server, pytest.raises((Interrupted, Unavailable)):
        asyncio.run(sending())


def test_broken_connection_interrupts_a_mail() -> None:
    with running_mail_server(loses_reply=True) as server, pytest.raises(Interrupted):
        send(server.url)
    assert len(server.received) == 1


def test_no_server_is_unavailable() -> None:
    with closed_port() as port, pytest.raises(Unavailable):
        send(f"smtp://127.0.0.1:{port}?tls=off")


def test_internationalised_address_needs_a_server_that_supports_it() -> None:
    with running_mail_server() as server:
        with pytest.raises(Refused, match="553"):
            send(server.url, mail("한글@example.org"))
        send(server.url, mail("ada@xn--bj0bj06e.example"))
    assert server.recipients == ["ada@xn--bj0bj06e.example"]


def test_folder_gets_one_private_file_for_each_mail(tmp_path: Path) -> None:
    folder = tmp_path / "mail out"
    send(folder.as_uri(), mail("한글@example.org"), mail())
    (file,) = folder.iterdir()  # a repetition has the same name
    assert file.name == f"{ids.encode(MAIL_ID)}.eml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert message_from_bytes(file.read_bytes(), policy=policy.default)["To"] == "ada@example.org"


def test_terminal_shows_recipient_subject_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    send("log:")
    shown = capsys.readouterr().err
    assert "  | To: ada@example.org\n  | Subject: 비밀번호 재설정\n  |\n  | 안녕하세요\n" in shown


@pytest.mark.parametrize(
    "url",
    [
        "", "log:x", "log://", "mail.example.org", "smtp://", "smtp:///path", "smtp://host/path", "https://host",
        "file://host/folder", "smtp://user@host", "smtp://user:secret@host?tls=off", "smtp://host?tls=on",
        "smtps://host?tls=off", "smtp://host?tsl=off", "smtp://user:pa/secret@host", "smtp://host:secret",
    ],
)  # fmt: skip
def test_other_urls_are_refused_without_quoting_them(url: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        transport_from(url, SENDER)
    assert "secret" not in str(refusal.value)


def test_ports_and_tls_are_derived_from_the_url() -> None:
    found = [transport_from(url, SENDER) for url in ("smtp://h", "smtps://h", "smtp://h:25?tls=off", "smtps://h:9")]
    assert [(each.port, each.tls) for each in found if isinstance(each, SmtpTransport)] == [
        (587, "starttls"), (465, "implicit"), (25, "off"), (9, "implicit"),
    ]  # fmt: skip


def test_mail_may_take_no_longer_than_it_belongs_to_a_process() -> None:
    assert 2 * transports.MAIL_SECONDS * clock.SECOND <= LEASE_MS

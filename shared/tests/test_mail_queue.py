"""The queue of messages: each is sent after its transaction, and none is lost with a process or a server."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

import pytest
import structlog
from sqlalchemy import Column, Connection, MetaData, Row, String

from shared import clock
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.mail import queue
from shared.mail import transport as transports
from shared.mail.message import Mail
from shared.mail.queue import LEASE_MS, LIFETIME_MS, MailQueue, dead, delete_expired, enqueue, mail_table, requeue
from shared.mail.transport import transport_from
from shared.testing import eventually
from shared.testing.backends import Backend
from shared.testing.ports import free_port
from shared.testing.smtp_server import MailServer, running_mail_server

from .tables import made, rows

METADATA = MetaData()
MAILS = mail_table(METADATA, Column("recipient", String(60), nullable=False))
ADA, BOB = "ada@example.org", "bob@example.org"
Passes = Callable[[int], None]


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With a table of messages."""
    opened = Database(made(backend.empty(), METADATA))
    yield opened
    opened.close()


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running_mail_server() as running:
        yield running


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Passes:
    """Moves the clock, which stands still otherwise."""
    moment = clock.now()
    ahead = 0

    def move(milliseconds: int) -> None:
        nonlocal ahead
        ahead += milliseconds

    monkeypatch.setattr(clock, "now", lambda: moment + ahead)
    return move


def render(row: Row[Any]) -> Mail | None:
    if row.recipient == "nobody":
        return None
    return Mail(row.recipient, "en", "Subject", "text", "<p>text</p>")


def mail_queue(database: Database, server: MailServer) -> MailQueue:
    return MailQueue(database, MAILS, render, transport_from(server.url, "shutter@example.org"))


def add(database: Database, *recipients: str, **columns: Any) -> None:
    for recipient in recipients:
        database.write(partial(enqueue, mails=MAILS, recipient=recipient, **columns))


def run_step(step: Callable[[], Coroutine[Any, Any, bool]]) -> bool:
    return asyncio.run(step())


def test_mails_are_sent_in_their_order_and_deleted(database: Database, server: MailServer) -> None:
    add(database, ADA, "nobody", BOB)
    assert not run_step(mail_queue(database, server).step)
    assert server.recipients == [ADA, BOB]
    assert rows(database, MAILS) == []


def test_rolled_back_mail_is_not_sent(database: Database, server: MailServer) -> None:
    def fails(tx: Connection) -> None:
        enqueue(tx, MAILS, recipient=ADA)
        raise KeyError

    with pytest.raises(KeyError):
        database.write(fails)
    run_step(mail_queue(database, server).step)
    assert server.received == []


def test_commit_wakes_the_worker(database: Database, server: MailServer) -> None:
    async def scenario() -> None:
        worker = mail_queue(database, server).worker("mails")
        database.listeners.wake([worker])
        worker.start()
        for count, recipient in enumerate((ADA, BOB), 1):
            await asyncio.to_thread(add, database, recipient)
            await asyncio.to_thread(eventually, lambda count=count: len(server.received) == count)
        await worker.stop()

    asyncio.run(scenario())


def test_greylisted_mail_is_retried_and_others_do_not_wait(
    database: Database, server: MailServer, passes: Passes
) -> None:
    greylisted = {ADA: "450 4.2.0 Greylisted, try again later"}
    server.on_recipient = lambda address: greylisted.get(address, "250 ok")
    mails = mail_queue(database, server)
    add(database, ADA, BOB)
    run_step(mails.step)
    assert server.recipients == [BOB]
    (row,) = rows(database, MAILS)
    assert row.reason == "450 4.2.0 Greylisted, try again later"
    assert 0.8 * queue.FIRST_RETRY_MS <= row.due_at - clock.now() <= queue.FIRST_RETRY_MS
    run_step(mails.step)
    assert server.tried == [ADA, BOB]
    greylisted.clear()
    passes(queue.FIRST_RETRY_MS)
    run_step(mails.step)
    assert (server.recipients, rows(database, MAILS)) == ([BOB, ADA], [])


def test_pauses_between_retries_grow_until_the_mail_expires(
    database: Database, server: MailServer, passes: Passes
) -> None:
    server.on_data = lambda _: "451 4.3.0 Later"
    mails = mail_queue(database, server)
    add(database, ADA)
    pauses = []
    while not (found := database.read(dead, MAILS, 10)):
        run_step(mails.step)
        (row,) = rows(database, MAILS)
        if row.due_at is not None:
            pauses.append(row.due_at - clock.now())
            passes(row.due_at - clock.now())
    assert 60 < len(pauses) < 130
    assert max(pauses) <= queue.MAX_RETRY_MS
    assert sum(pauses) == LIFETIME_MS
    assert (found[0].failed_at, found[0].reason) == (clock.now(), "451 4.3.0 Later")


def test_refused_mail_is_dead_until_it_is_requeued(database: Database, server: MailServer, passes: Passes) -> None:
    server.on_recipient = lambda address: f"550 5.1.1 <{address}> unknown"
    mails = mail_queue(database, server)
    add(database, ADA, BOB)
    with structlog.testing.capture_logs() as logged:
        run_step(mails.step)
    assert all(each.reason.endswith("> unknown") for each in database.read(dead, MAILS, 10))
    assert [(each["event"], each["code"]) for each in logged] == [("mail refused", 550)] * 2
    assert ADA not in str(logged) and BOB not in str(logged)
    run_step(mails.step)
    assert server.tried == [ADA, BOB]
    server.on_recipient = lambda _: "250 ok"
    first, second = rows(database, MAILS)
    assert database.write(requeue, MAILS, second.id) == 1
    run_step(mails.step)
    assert server.recipients == [second.recipient]
    passes(LIFETIME_MS)
    assert database.write(requeue, MAILS) == 1
    run_step(mails.step)
    assert server.recipients == [second.recipient, first.recipient]
    assert database.write(requeue, MAILS) == 0


def test_mail_expires_at_the_given_time(database: Database, server: MailServer, passes: Passes) -> None:
    add(database, ADA, expires_at=clock.now() + clock.MINUTE)
    add(database, BOB)
    passes(clock.MINUTE)
    run_step(mail_queue(database, server).step)
    assert server.recipients == [BOB]
    assert [each.recipient for each in database.read(dead, MAILS, 10)] == [ADA]


def test_no_mail_is_taken_while_the_server_is_away(database: Database) -> None:
    add(database, ADA)
    away = MailServer(port=free_port())
    with pytest.raises(Unavailable):
        run_step(mail_queue(database, away).step)
    assert [(each.attempts, each.reason) for each in rows(database, MAILS)] == [(0, None)]


def test_hung_server_delays_mails_and_each_arrives_once(
    database: Database, monkeypatch: pytest.MonkeyPatch, passes: Passes
) -> None:
    monkeypatch.setattr(transports, "COMMAND_SECONDS", 0.1)
    with running_mail_server(hangs=True) as server:
        mails = mail_queue(database, server)
        add(database, ADA, BOB)
        for _ in range(3):
            with pytest.raises(Unavailable):
                run_step(mails.step)
        monkeypatch.undo()
        server.hangs = False
        while rows(database, MAILS):
            run_step(mails.step)
        assert sorted(server.recipients) == [ADA, BOB]


def test_mail_of_a_killed_process_is_sent_by_another(database: Database, server: MailServer, passes: Passes) -> None:
    add(database, ADA)
    assert database.write(mail_queue(database, server)._take) is not None  # killed before it sends
    other = mail_queue(database, server)
    run_step(other.step)
    assert server.received == []
    passes(LEASE_MS)
    run_step(other.step)
    assert server.recipients == [ADA]


def test_lost_reply_repeats_the_mail_with_the_same_identity(
    database: Database, server: MailServer, passes: Passes
) -> None:
    server.loses_reply = True
    mails = mail_queue(database, server)
    add(database, ADA)
    with pytest.raises(Unavailable):
        run_step(mails.step)
    passes(queue.FIRST_RETRY_MS)
    run_step(mails.step)
    first, second = server.received
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]


def test_sent_mail_is_not_repeated_when_the_database_fails(
    database: Database, server: MailServer, monkeypatch: pytest.MonkeyPatch, passes: Passes
) -> None:
    mails = mail_queue(database, server)
    add(database, ADA)
    write, failures = database.write, 0

    def fails_after_sending(action: Callable[..., Any], *args: Any) -> Any:
        nonlocal failures
        if server.received and not failures:
            failures += 1
            raise Unavailable("database_unavailable", "It is away.")
        return write(action, *args)

    monkeypatch.setattr(database, "write", fails_after_sending)
    with pytest.raises(Unavailable):
        run_step(mails.step)
    passes(LEASE_MS)
    run_step(mails.step)
    assert (failures, server.recipients, rows(database, MAILS)) == (1, [ADA], [])


def test_two_processes_send_each_mail_once(database: Database, server: MailServer) -> None:
    recipients = [f"u{number}@example.org" for number in range(40)]
    add(database, *recipients)

    async def both() -> None:
        processes = [mail_queue(database, server) for _ in range(2)]
        await asyncio.gather(*(each.step() for each in processes))

    asyncio.run(both())
    assert sorted(server.recipients) == sorted(recipients)
    assert rows(database, MAILS) == []


def test_stopping_waits_for_the_mail_that_is_being_sent(database: Database, server: MailServer) -> None:
    def hang(_: str) -> str:
        server.hangs = True
        return "250 ok"

    async def scenario() -> None:
        server.on_data = hang
        worker = mail_queue(database, server).worker("mails")
        worker.start()
        await asyncio.to_thread(eventually, lambda: server.hangs)
        stopping = asyncio.create_task(worker.stop())
        await asyncio.wait([stopping], timeout=0.05)
        assert not stopping.done()
        server.hangs = False
        await stopping

    add(database, ADA)
    asyncio.run(scenario())
    assert server.recipients == [ADA]
    assert rows(database, MAILS) == []


def test_old_dead_mails_are_deleted(database: Database, server: MailServer, passes: Passes) -> None:
    server.on_recipient = lambda _: "550 no"
    add(database, ADA, BOB)
    run_step(mail_queue(database, server).step)
    passes(queue.DEAD_RETENTION_MS)
    assert not database.write(delete_expired, MAILS)
    assert len(rows(database, MAILS)) == 2
    passes(1)
    assert database.write(delete_expired, MAILS, 1)
    assert not database.write(delete_expired, MAILS, 2)
    assert rows(database, MAILS) == []

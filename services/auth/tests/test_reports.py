"""Reports: who may report what, what moderators do about them, and what is left of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from services.auth import models, moderation_queries, queries
from services.auth.actions import moderation, report_decisions, reports, retention, withdrawals
from services.auth.actions.reports import MAX_A_DAY, RETENTION_MS, Subject
from services.auth.app import create_app
from services.auth.queries import Account
from services.auth.report_queries import reports_of
from services.auth.settings import Settings
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import AppError, Conflict
from shared.events.bus import Bus
from shared.pagination import PageRequest
from shared.testing import LiveService, Stub, eventually, running_service
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.query_plans import captured_statements, slow_steps
from shared.testing.smtp_server import MailServer

from .factories import CIPHER, Person, Time, create_user, facts, register, rows
from .mails import Inbox
from .test_moderation import log_of, with_role

API, DESK = "/api/v1/reports", "/api/v1/moderation/reports"
POST, COMMENT, MESSAGE = (ids.encode(number) for number in (11, 12, 13))


@pytest.fixture
def others() -> Stub:
    """The other services."""
    return Stub()


@pytest.fixture
def auth(settings: Settings, bus: Bus, others: Stub, mail_server: MailServer) -> Iterator[LiveService]:
    mail = {"mail_url": mail_server.url, "mail_from": "Shutter <no-reply@shutter.example>"}
    app = create_app(Settings(**(settings.model_dump() | mail)), bus, others.transport)
    with running_service(app) as service:
        eventually(lambda: service.client.get("/.well-known/jwks.json").status_code == 200)
        yield service


@pytest.fixture
def ada(auth: LiveService, others: Stub) -> Person:
    """Who has made what is reported."""
    person = create_user(auth, language="en")
    said = {
        "id": MESSAGE,
        "sender_id": person.id,
        "type": "text",
        "text": "hi",
        "created_at": "2026-11-23T08:41:00.123Z",
    }
    content: dict[str, Any] = {"owner_id": person.id, "text": "words", "post_id": None, "messages": []}
    others.answers = {
        f"/internal/reported/post/{POST}": content,
        f"/internal/reported/comment/{COMMENT}": content | {"post_id": POST},
        f"/internal/messages/{MESSAGE}": content | {"messages": [said]},
    }
    return person


@pytest.fixture
def mod(auth: LiveService, database: Database) -> Person:
    return with_role(auth, database, "mona", "moderator")


def send(auth: LiveService, who: Person, kind: str, id_: str, **more: Any) -> httpx.Response:
    body = {"subject": {"kind": kind, "id": id_}, "reason": "spam", **more}
    return auth.client.post(API, json=body, headers=who.bearer)


def change(auth: LiveService, who: Person, report: str, state: str, **more: Any) -> httpx.Response:
    return auth.client.put(f"{DESK}/{report}", json={"state": state, **more}, headers=who.bearer)


def listed(auth: LiveService, who: Person, state: str = "open") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = expect_json(auth.client.get(f"{DESK}?state={state}", headers=who.bearer), 200)[
        "items"
    ]
    return items


def test_each_kind_is_reported_once_and_shown_to_moderators_as_the_reporter_saw_it(
    auth: LiveService, others: Stub, ada: Person, mod: Person
) -> None:
    eve = create_user(auth, "eve")
    subjects = (("post", POST), ("comment", COMMENT), ("message", MESSAGE), ("user", ada.id))
    first = [expect_json(send(auth, eve, *each, note="a note", include_previous=True), 201) for each in subjects]
    again = [expect_json(send(auth, eve, *each, reason="other"), 200) for each in subjects]
    assert first == again
    assert [(each["state"], each["reason"], each["note"]) for each in first] == [("open", "spam", "a note")] * 4
    asked = {each.url.path: dict(each.url.params) for each in others.asked}
    assert asked[f"/internal/messages/{MESSAGE}"] == {"before": "5", "viewer": eve.id}
    read = [each for each in others.asked if each.url.path in others.answers]
    assert len(read) == 3, "what was reported before is not asked for again"
    assert expect_problem(auth.client.get(DESK, headers=eve.bearer), 403, "role_required")
    user, message, comment, post = listed(auth, mod)
    assert {each["user"]["id"] for each in (user, message, comment, post)} == {ada.id}
    assert (post["reporter"]["nickname"], post["content"]["text"], comment["content"]["post_id"]) == (
        "eve",
        "words",
        POST,
    )
    assert [each["text"] for each in message["content"]["messages"]] == ["hi"]


def test_what_cannot_be_seen_and_what_is_ones_own_cannot_be_reported(
    auth: LiveService, others: Stub, database: Database, ada: Person
) -> None:
    eve = create_user(auth, "eve")
    expect_problem(send(auth, eve, "post", ids.encode(99)), 404, "not_found")
    for kind, id_ in (("post", POST), ("user", ada.id)):
        expect_problem(send(auth, ada, kind, id_), 422, "cannot_report_self")
    others.down = True
    expect_problem(send(auth, eve, "post", POST), 503, "neighbour_unavailable")
    others.down = False
    database.write(withdrawals.withdraw_by_operator, ids.parse(ada.id))
    expect_problem(send(auth, eve, "post", POST), 404, "not_found")
    expect_problem(send(auth, eve, "user", ada.id), 404, "not_found")
    assert rows(database, models.reports) == []


def test_removal_is_published_once_and_its_author_gets_the_reason_by_mail(
    auth: LiveService, database: Database, mail_server: MailServer, ada: Person, mod: Person
) -> None:
    eve, bob = create_user(auth, "eve"), create_user(auth, "bob")
    report, other = (expect_json(send(auth, who, "post", POST), 201)["id"] for who in (eve, bob))
    expect_problem(change(auth, mod, report, "taken", action="suspend"), 422, "not_resolved")
    for state, count in (("taken", 1), ("open", 2), ("taken", 1)):
        expect_json(change(auth, mod, report, state), 200)
        assert len(listed(auth, mod)) == count
    done = {"action": "remove_content", "message": "No advertising here."}
    for _ in range(2):
        answer = expect_json(change(auth, mod, report, "resolved", **done), 200)
    assert (answer["state"], answer["action"], answer["moderator"]["id"]) == ("resolved", "remove_content", mod.id)
    assert {each["id"] for each in listed(auth, mod, "resolved")} == {report, other}, "all reports of the post"
    removals = [data for name, data in facts(database) if name == "content.removed.v1"]
    assert [(each["subject"], each["user_id"], each["reason"]) for each in removals] == [
        ({"kind": "post", "id": POST}, ada.id, "spam")
    ]
    inbox = Inbox(mail_server, "ada@example.org")
    assert "A post of yours was removed" in str(inbox.message(2)["subject"])
    told = str(next(inbox.message(2).iter_parts()).get_content())
    assert "Reason: spam" in told and "No advertising here." in told and "eve" not in told
    entry = log_of(auth, mod)[0]
    assert (entry["action"], entry["subject"], entry["category"]) == (
        "content_removed",
        {"kind": "post", "id": POST},
        "spam",
    )


def test_removal_of_a_message_is_published_and_its_sender_gets_a_mail(
    auth: LiveService, database: Database, mail_server: MailServer, ada: Person, mod: Person
) -> None:
    report = expect_json(send(auth, create_user(auth, "eve"), "message", MESSAGE), 201)["id"]
    for _ in range(2):
        expect_json(change(auth, mod, report, "resolved", action="remove_content"), 200)
    removals = [data for name, data in facts(database) if name == "content.removed.v1"]
    subject = {"kind": "message", "id": MESSAGE}
    assert [(each["subject"], each["user_id"]) for each in removals] == [(subject, ada.id)]
    assert "A message of yours was removed" in str(Inbox(mail_server, "ada@example.org").message(2)["subject"])
    assert (log_of(auth, mod)[0]["action"], log_of(auth, mod)[0]["subject"]) == ("content_removed", subject)


def test_suspension_by_a_report_and_what_cannot_be_removed(
    auth: LiveService, database: Database, mail_server: MailServer, ada: Person, mod: Person
) -> None:
    eve = create_user(auth, "eve")
    report = expect_json(send(auth, eve, "user", ada.id, reason="harassment"), 201)["id"]
    expect_problem(change(auth, mod, report, "resolved", action="remove_content"), 422, "not_removable")
    expect_json(change(auth, mod, report, "resolved", action="suspend"), 200)
    assert expect_problem(send(auth, ada, "post", POST), 401, "invalid_token")
    told = str(next(Inbox(mail_server, "ada@example.org").message(2).iter_parts()).get_content())
    assert "was suspended" in told and "Reason: harassment" in told
    by_mod = expect_json(send(auth, eve, "user", mod.id), 201)["id"]
    expect_problem(change(auth, mod, by_mod, "resolved"), 403, "cannot_moderate_self")
    other = with_role(auth, database, "other", "moderator")
    expect_problem(change(auth, other, by_mod, "resolved", action="suspend"), 403, "role_required")
    expect_json(change(auth, other, by_mod, "resolved"), 200)
    assert log_of(auth, other)[0]["action"] == "report_dismissed"


@pytest.fixture
def team(database: Database) -> list[Account]:
    """An admin, two moderators, a reporter and a reported person."""
    people = [register(database, name) for name in ("vera", "mona", "other", "eve", "max")]
    for person, role in zip(people, ("admin", "moderator", "moderator"), strict=False):
        database.write(moderation.set_role_by_operator, person.id, role)
    return people


def reported(database: Database, reporter: Account, owner: Account, subject_id: int = 11) -> int:
    content: dict[str, Any] = {"text": "words", "post_id": None, "messages": []}
    subject = Subject("post", subject_id, owner.id, content)
    row, _ = database.write(reports.report, reporter.id, subject, "spam", "a note")
    return int(row.id)


def test_of_two_moderators_who_resolve_at_once_one_is_refused(database: Database, team: list[Account]) -> None:
    _, mod, other, eve, max_ = team
    report = reported(database, eve, max_)
    with ThreadPoolExecutor(2) as pool:
        done = [
            pool.submit(database.write, report_decisions.resolve, each.id, report, "remove_content", None)
            for each in (mod, other)
        ]
    problems = [each.exception() for each in done]
    assert sorted(type(each).__name__ for each in problems) == ["Conflict", "NoneType"]
    assert "report_resolved" in str(problems)
    assert [name for name, _ in facts(database)].count("content.removed.v1") == 1
    assert [row.action for row in rows(database, models.moderation_log)].count("content_removed") == 1


def test_taken_report_is_for_its_moderator_until_that_is_none_any_more(database: Database, team: list[Account]) -> None:
    root, mod, other, eve, max_ = team
    report = reported(database, eve, max_)
    database.write(report_decisions.take, mod.id, report)
    for act in (report_decisions.take, report_decisions.release):
        with pytest.raises(Conflict, match="report_taken"):
            database.write(act, other.id, report)
    assert database.write(report_decisions.release, root.id, report).state == "open"
    database.write(report_decisions.take, mod.id, report)
    database.write(moderation.set_role, root.id, mod.id, "member")
    assert database.write(report_decisions.take, other.id, report).moderator_id == other.id
    with pytest.raises(AppError, match="role_required"):
        database.write(report_decisions.release, mod.id, report)
    database.write(withdrawals.withdraw_by_operator, other.id)
    assert [(row.state, row.moderator_id) for row in rows(database, models.reports)] == [("open", None)]


@pytest.mark.parametrize("gone", ["eve", "max"])
def test_reports_by_and_about_a_deleted_account_are_deleted(database: Database, team: list[Account], gone: str) -> None:
    _, mod, other, eve, max_ = team
    reported(database, eve, max_)
    kept = reported(database, mod, other)
    exported = database.read(queries.own_data, eve.id)["reports"]
    assert [(each["note"], each["subject"]["kind"]) for each in exported] == [("a note", "post")]
    database.write(withdrawals.withdraw_by_operator, {"eve": eve, "max": max_}[gone].id)
    assert [row.id for row in rows(database, models.reports)] == [kept]


def test_number_of_reports_a_day_is_limited_and_old_ones_are_deleted(
    database: Database, team: list[Account], time: Time
) -> None:
    _, mod, _, eve, max_ = team
    first = [reported(database, eve, max_, number) for number in range(1, MAX_A_DAY + 1)]
    with pytest.raises(AppError, match="too_many_reports"):
        reported(database, eve, max_, 99)
    assert reported(database, eve, max_, 1) == first[0], "one that exists is no new one"
    time.passes(clock.DAY + clock.MINUTE)
    last = reported(database, eve, max_, 99)
    database.write(report_decisions.resolve, mod.id, first[0], "none", None)
    time.passes(RETENTION_MS + clock.DAY)
    database.write(retention.delete_expired, CIPHER, 600_000)
    assert {row.id for row in rows(database, models.reports)} == {*first[1:], last}, "open ones stay"


def test_reports_are_read_by_an_index(database: Database, team: list[Account]) -> None:
    _, _, _, eve, max_ = team
    for number in range(1, 6):
        reported(database, eve, max_, number)
    with captured_statements(database) as asked:
        page = database.read(moderation_queries.reports, "open", PageRequest(2, None))
        database.read(moderation_queries.reports, "open", PageRequest(2, page.next))
        database.read(reports_of, eve.id)
    assert len(page.items) == 2 and page.next is not None
    assert [step for each in asked for step in slow_steps(database, each)] == []

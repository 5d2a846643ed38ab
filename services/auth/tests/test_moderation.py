"""Roles, suspensions by moderators, and the log of moderation."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import jwt
import pytest

from services.auth import models, moderation_queries
from services.auth.actions import moderation, suspensions, withdrawals
from services.auth.settings import Settings
from shared import ids
from shared.database.engine import Database
from shared.errors import AppError, Conflict
from shared.events.bus import Bus
from shared.pagination import PageRequest
from shared.testing import LiveService
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.query_plans import captured_statements, slow_steps
from shared.testing.smtp_server import MailServer

from .factories import Person, create_user, facts, log_in, register, rows
from .mails import Inbox, mailing_service

API, REFRESH = "/api/v1/moderation", "/api/v1/auth/refresh"


def appoint(database: Database, person: Person, role: str) -> None:
    assert database.write(moderation.set_role_by_operator, ids.parse(person.id), role)


def renewed(auth: LiveService, person: Person) -> Person:
    body = {"refresh_token": person.tokens["refresh_token"]}
    return Person(person.account, expect_json(auth.client.post(REFRESH, json=body), 200))


def with_role(auth: LiveService, database: Database, nickname: str, role: str) -> Person:
    person = create_user(auth, nickname)
    appoint(database, person, role)
    return renewed(auth, person)


def claim(tokens: dict[str, Any]) -> str:
    return str(jwt.decode(tokens["access_token"], options={"verify_signature": False})["role"])


def put(auth: LiveService, who: Person, path: str, **body: Any) -> httpx.Response:
    return auth.client.put(f"{API}/users/{path}", json=body, headers=who.bearer)


def log_of(auth: LiveService, who: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = expect_json(auth.client.get(f"{API}/log", headers=who.bearer), 200)["items"]
    return items


def test_new_role_voids_the_access_token_and_a_refresh_gives_one_with_the_role(
    auth: LiveService, database: Database
) -> None:
    create_user(auth, "first")
    ada, root = create_user(auth), with_role(auth, database, "vera", "admin")
    elsewhere = log_in(auth)
    assert [row.role for row in rows(database, models.accounts)].count("admin") == 1, "only the command makes an admin"
    assert claim(ada.tokens) == "member"
    changed = expect_json(put(auth, root, f"{ada.id}/role", role="moderator"), 200)
    assert (changed["role"], changed["user"]["nickname"]) == ("moderator", "ada")
    expect_problem(auth.client.get("/api/v1/users/me", headers=ada.bearer), 401, "invalid_token")
    assert [name for name, _ in facts(database)].count("session.revoked.v1") == 3, "root's one and both of ada"
    ada = renewed(auth, ada)
    assert claim(ada.tokens) == "moderator"
    assert claim(renewed(auth, Person(ada.account, elsewhere)).tokens) == "moderator"
    assert expect_json(auth.client.get("/api/v1/users/me", headers=ada.bearer), 200)["role"] == "moderator"
    expect_json(put(auth, root, f"{ada.id}/role", role="moderator"), 200)
    expect_json(auth.client.get("/api/v1/users/me", headers=ada.bearer), 200)
    events = expect_json(auth.client.get("/api/v1/auth/events", headers=ada.bearer), 200)["items"]
    assert events[0]["type"] == "role_changed"


def test_refresh_during_a_change_of_the_role_stays_logged_in(auth: LiveService, database: Database) -> None:
    """Whichever is first, the token that comes last works and has the new role after the next refresh."""
    ada = create_user(auth)
    for role in ("moderator", "member", "moderator"):
        with ThreadPoolExecutor(2) as pool:
            pool.submit(database.write, moderation.set_role_by_operator, ids.parse(ada.id), role)
            ada = pool.submit(renewed, auth, ada).result()
        ada = renewed(auth, ada)
        assert claim(ada.tokens) == role
        expect_json(auth.client.get("/api/v1/users/me", headers=ada.bearer), 200)


def test_who_may_do_what(auth: LiveService, database: Database) -> None:
    root, boss = (with_role(auth, database, name, "admin") for name in ("vera", "otto"))
    mod, other = (with_role(auth, database, name, "moderator") for name in ("mona", "other"))
    ada = create_user(auth)
    for path, body in ((f"{mod.id}/suspension", {"reason": "no"}), (f"{mod.id}/role", {"role": "member"})):
        expect_problem(put(auth, ada, path, **body), 403, "role_required")
    for path in ("users", "log"):
        expect_problem(auth.client.get(f"{API}/{path}", headers=ada.bearer), 403, "role_required")
    expect_problem(put(auth, mod, f"{ada.id}/role", role="moderator"), 403, "role_required")
    for target in (other, root):
        expect_problem(put(auth, mod, f"{target.id}/suspension", reason="no"), 403, "role_required")
    expect_problem(put(auth, root, f"{boss.id}/suspension", reason="no"), 403, "role_required")
    expect_problem(put(auth, root, f"{root.id}/role", role="member"), 403, "cannot_moderate_self")
    expect_problem(put(auth, mod, f"{mod.id}/suspension", reason="no"), 403, "cannot_moderate_self")
    expect_problem(put(auth, mod, f"{ids.encode(ids.new())}/suspension", reason="no"), 404, "not_found")
    expect_problem(put(auth, mod, f"{ada.id}/suspension", reason=" \n"), 422, "blank")
    assert expect_json(put(auth, root, f"{mod.id}/suspension", reason="abuse"), 200)["suspended_at"] is not None
    expect_problem(auth.client.get(f"{API}/log", headers=mod.bearer), 401, "invalid_token")
    team = expect_json(auth.client.get(f"{API}/users", headers=other.bearer), 200)["items"]
    assert [each["user"]["nickname"] for each in team] == ["other", "mona", "otto", "vera"]


def test_a_token_from_before_a_demotion_does_nothing(database: Database) -> None:
    root, boss, ada = (register(database, name) for name in ("vera", "otto", "ada"))
    for each in (root, boss):
        database.write(moderation.set_role_by_operator, each.id, "admin")
    database.write(moderation.set_role, root.id, boss.id, "member")
    for act in (moderation.set_role, moderation.suspend):
        with pytest.raises(AppError, match="role_required"):
            database.write(act, boss.id, ada.id, "moderator")
    with pytest.raises(Conflict, match="last_admin"):
        database.write(moderation.set_role_by_operator, root.id, "member")


def test_two_admins_who_demote_each_other_leave_one(database: Database) -> None:
    admins = [register(database, name) for name in ("vera", "otto")]
    for each in admins:
        database.write(moderation.set_role_by_operator, each.id, "admin")
    with ThreadPoolExecutor(2) as pool:
        pairs = [(admins[0].id, admins[1].id), (admins[1].id, admins[0].id)]
        done = [pool.submit(database.write, moderation.set_role, one, other, "member") for one, other in pairs]
    assert sorted(each.exception() is None for each in done) == [False, True]
    assert sorted(row.role for row in rows(database, models.accounts)) == ["admin", "member"]


@pytest.fixture
def mailing(settings: Settings, bus: Bus, mail_server: MailServer) -> Iterator[LiveService]:
    with mailing_service(settings, bus, mail_server) as service:
        yield service


def test_suspended_person_gets_the_reason_by_mail_and_can_be_reinstated(
    mailing: LiveService, database: Database, mail_server: MailServer
) -> None:
    mod = with_role(mailing, database, "mona", "moderator")
    ada = create_user(mailing, "ada", language="ko")
    inbox = Inbox(mail_server, "ada@example.org")
    inbox.message()
    for _ in range(2):  # the second changes nothing
        expect_json(put(mailing, mod, f"{ada.id}/suspension", reason="http://spam.example\n\n12345678 again"), 200)
    told = inbox.text(2)
    assert "계정이 정지되었습니다" in str(inbox.message(2)["subject"])
    assert "사유: http://spam.example 12345678 again" in told
    listed = mailing.client.get(f"{API}/users?state=suspended", headers=mod.bearer)
    assert [each["user"]["id"] for each in expect_json(listed, 200)["items"]] == [ada.id]
    for _ in range(2):
        back = mailing.client.delete(f"{API}/users/{ada.id}/suspension", headers=mod.bearer)
        assert expect_json(back, 200)["suspended_at"] is None
    assert "계정 정지가 해제되었습니다" in str(inbox.message(3)["subject"])
    log_in(mailing)
    entries = log_of(mailing, mod)
    assert [(each["action"], each["actor"] and each["actor"]["nickname"], each["reason"]) for each in entries] == [
        ("reinstated", "mona", None),
        ("suspended", "mona", "http://spam.example\n\n12345678 again"),
        ("role_changed", None, None),
    ]
    assert entries[1]["subject"] == {"kind": "user", "id": ada.id} and entries[2]["role"] == "moderator"


def test_deleted_accounts_leave_only_their_ids_in_the_log(auth: LiveService, database: Database) -> None:
    root, mod = with_role(auth, database, "vera", "admin"), with_role(auth, database, "mona", "moderator")
    ada = create_user(auth)
    expect_json(put(auth, mod, f"{ada.id}/suspension", reason="about Ada Lovelace"), 200)
    for person in (ada, mod):
        database.write(withdrawals.withdraw_by_operator, ids.parse(person.id))
    entry = log_of(auth, root)[0]
    gone = {"nickname": None, "name": None, "avatar_url": None, "deleted": True}
    assert (entry["action"], entry["reason"]) == ("suspended", None)
    assert (entry["actor"], entry["user"]) == ({"id": mod.id, **gone}, {"id": ada.id, **gone})


def test_log_and_lists_are_read_in_pages_by_an_index(auth: LiveService, database: Database) -> None:
    root = with_role(auth, database, "vera", "admin")
    people = [register(database, f"nick{number}") for number in range(5)]
    for each in people:
        database.write(suspensions.suspend, each.id)
        database.write(moderation.set_role_by_operator, each.id, "moderator")
    for path, count in (("log?limit=4", 11), ("users?state=suspended&limit=2", 5), ("users?state=team&limit=4", 6)):
        found, cursor = [], ""
        for _ in range(5):
            page = expect_json(auth.client.get(f"{API}/{path}{cursor}", headers=root.bearer), 200)
            found += [each.get("id") or each["user"]["id"] for each in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert found == sorted(set(found), reverse=True) and len(found) == count
    with captured_statements(database) as asked:
        for read in (moderation_queries.log, moderation_queries.suspended, moderation_queries.team):
            database.read(read, PageRequest(2, (people[2].id,)))
    assert not any(slow_steps(database, each) for each in asked)

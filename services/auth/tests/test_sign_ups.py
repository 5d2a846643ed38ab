"""Sign-ups by invitation and by approval, with a password and with a provider."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from services.auth import models, moderation_queries
from services.auth.actions import accounts, invitations, retention, withdrawals
from services.auth.actions.moderation import set_role_by_operator
from services.auth.main import cli
from services.auth.settings import Settings
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import Conflict, Invalid
from shared.events.bus import Bus
from shared.pagination import PageRequest
from shared.testing import LiveService
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.openid_provider import OpenIdProvider, openid_provider
from shared.testing.query_plans import captured_statements, slow_steps

from . import sign_ins
from .factories import CIPHER, IP, KEY, Person, Time, applicant, application, create_user, facts, log_in, register, rows

SIGN_UP, DESK = "/api/v1/auth/signup", "/api/v1/moderation"
LOGIN = {"identifier": "ada", "password": application()["password"]}
Served = Callable[[str], LiveService]


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as running:
        yield running


@pytest.fixture
def served(settings: Settings, bus: Bus, provider: OpenIdProvider, database: Database) -> Iterator[Served]:
    """Starts a service with a moderator and this setting."""
    with sign_ins.serving(settings, bus, provider.setting()) as service:

        def with_mode(mode: str) -> LiveService:
            service.app.state.dependencies.settings.sign_up = mode
            assert expect_json(service.client.get(SIGN_UP), 200) == {"mode": mode}
            return service

        with_mode("open")
        yield with_mode


def moderator(auth: LiveService, database: Database) -> Person:
    person = create_user(auth, "mona", name="Mona")
    database.write(set_role_by_operator, ids.parse(person.id), "moderator")
    return Person(person.account, log_in(auth, "mona"))


def sign_up(auth: LiveService, nickname: str = "ada", **more: Any) -> httpx.Response:
    return auth.client.post(SIGN_UP, json=application(nickname, **more))


def test_invitation_lets_as_many_sign_up_as_it_says(
    served: Served, database: Database, provider: OpenIdProvider
) -> None:
    mod = moderator(served("open"), database)
    auth = served("invitation")
    made = auth.client.post(f"{DESK}/invitations", json={"uses": 2, "days": 7}, headers=mod.bearer)
    code = expect_json(made, 201)["code"]
    assert code not in str(rows(database, models.invitations))
    expect_problem(sign_up(auth), 403, "invitation_required")
    expect_problem(sign_up(auth, invitation="made up"), 422, "invalid_invitation")
    expect_json(sign_up(auth, invitation=f" {code.upper()} "), 201)
    expect_problem(sign_up(auth, nickname="ada", invitation=code), 409, "email_taken")
    (left,) = expect_json(auth.client.get(f"{DESK}/invitations", headers=mod.bearer), 200)["items"]
    assert (left["uses"], left["uses_left"], left["creator"]["nickname"]) == (2, 1, "mona"), (
        "what fails uses up nothing"
    )
    going_on = sign_ins.continuation(auth, provider, sub="bob", email="bob@example.org")
    expect_problem(sign_ins.sign_up(auth, going_on, "bob"), 403, "invitation_required")
    expect_json(sign_ins.sign_up(auth, going_on, "bob", invitation=code), 201)
    expect_problem(sign_up(auth, nickname="eve", invitation=code), 422, "invalid_invitation")
    log_in(auth)


def test_concurrent_sign_ups_use_an_invitation_no_more_often_than_it_says(database: Database) -> None:
    _, code = database.write(invitations.create, None, 2, 1)

    def sign_up_as(nickname: str) -> None:
        database.write(accounts.sign_up, replace(applicant(nickname), invitation=code), KEY, IP)

    with ThreadPoolExecutor(4) as pool:
        tried = [pool.submit(sign_up_as, f"nick{number}") for number in range(4)]
    problems = [each.exception() for each in tried]
    assert len([each for each in problems if each is None]) == 2 == len(rows(database, models.accounts))
    assert {each.code for each in problems if isinstance(each, Invalid)} == {"invalid_invitation"}


def test_invitation_ends_by_its_time_or_by_hand(served: Served, database: Database, time: Time) -> None:
    mod = moderator(served("open"), database)
    auth = served("invitation")
    _, code = database.write(invitations.create, ids.parse(mod.id), 1, 1)
    row, revoked = database.write(invitations.create, ids.parse(mod.id), 1, 9)
    path = f"{DESK}/invitations/{ids.encode(row.id)}"
    assert auth.client.delete(path, headers=mod.bearer).status_code == 204
    expect_problem(auth.client.delete(path, headers=mod.bearer), 404, "not_found")
    expect_problem(sign_up(auth, invitation=revoked), 422, "invalid_invitation")
    time.passes(clock.DAY + clock.SECOND)
    expect_problem(sign_up(auth, invitation=code), 422, "invalid_invitation")
    database.write(retention.delete_expired, CIPHER, 600_000)
    assert rows(database, models.invitations) == []


def test_number_of_invitations_is_limited_and_creators_are_forgotten(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "MAX_INVITATIONS", 3)
    ada = register(database)
    for _ in range(3):
        database.write(invitations.create, ada.id, 1, 1)
    with pytest.raises(Conflict, match="too_many_invitations"):
        database.write(invitations.create, ada.id, 1, 1)
    page = database.read(moderation_queries.invitations, PageRequest(2, None))
    with captured_statements(database) as asked:
        database.read(moderation_queries.invitations, PageRequest(2, page.next))
        database.read(moderation_queries.pending, PageRequest(2, (ada.id,)))
    assert len(page.items) == 2 and page.next is not None
    assert [step for each in asked for step in slow_steps(database, each)] == []
    database.write(withdrawals.withdraw_by_operator, ada.id)
    assert {row.creator_id for row in rows(database, models.invitations)} == {None}


def test_account_waits_hidden_until_a_moderator_approves_it(
    served: Served, database: Database, provider: OpenIdProvider
) -> None:
    mod = moderator(served("open"), database)
    auth = served("approval")
    ada = expect_json(sign_up(auth), 201)
    going_on = sign_ins.continuation(auth, provider, sub="bob", email="bob@example.org")
    expect_problem(sign_ins.sign_up(auth, going_on, "bob"), 403, "approval_pending")
    expect_problem(sign_ins.sign_in(auth, provider, sub="bob", email="bob@example.org"), 403, "approval_pending")
    expect_problem(auth.client.post("/api/v1/auth/login", json=LOGIN | {"password": "no"}), 401, "invalid_credentials")
    expect_problem(auth.client.post("/api/v1/auth/login", json=LOGIN), 403, "approval_pending")
    assert auth.client.get(f"/api/v1/users/{ada['id']}").status_code == 404
    assert expect_json(auth.client.get("/api/v1/users?query=ada"), 200)["items"] == []
    told = {data["nickname"]: data["suspended"] for name, data in facts(database) if name == "user.registered.v1"}
    assert told == {"mona": False, "ada": True, "bob": True}

    def listed(state: str) -> list[str]:
        found = expect_json(auth.client.get(f"{DESK}/users?state={state}", headers=mod.bearer), 200)["items"]
        return [each["user"]["nickname"] for each in found]

    assert (listed("pending"), listed("suspended")) == (["bob", "ada"], [])
    expect_json(auth.client.delete(f"{DESK}/users/{ada['id']}/suspension", headers=mod.bearer), 200)
    log_in(auth)
    assert auth.client.get(f"/api/v1/users/{ada['id']}").status_code == 200
    bob = expect_json(auth.client.get(f"{DESK}/users?state=pending", headers=mod.bearer), 200)["items"][0]["user"]["id"]
    refused = auth.client.put(f"{DESK}/users/{bob}/suspension", json={"reason": "no"}, headers=mod.bearer)
    expect_json(refused, 200)
    expect_problem(sign_ins.sign_in(auth, provider, sub="bob", email="bob@example.org"), 403, "account_suspended")
    assert (listed("pending"), listed("suspended")) == ([], ["bob"])
    actions = [row.action for row in rows(database, models.moderation_log)]
    assert actions == ["role_changed", "approved", "suspended"]


def test_operator_makes_an_invitation(settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    done = CliRunner().invoke(cli, ["invite", "--uses", "3", "--days", "2", "--json"])
    (made,) = json.loads(done.output)
    database.read(invitations.require, made["code"])
    (row,) = rows(database, models.invitations)
    assert (row.uses_left, row.creator_id, row.expires_at - row.created_at) == (3, None, 2 * clock.DAY)

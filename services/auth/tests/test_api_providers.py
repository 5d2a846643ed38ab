"""Signing in and signing up with a provider."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from services.auth import models
from services.auth.settings import Settings
from services.auth.sign_in_tokens import CONTINUATION_MS, STATE_MS
from shared import clock
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.testing import LiveService
from shared.testing.altered import altered
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.openid_provider import CLIENT_ID, OpenIdProvider, openid_provider

from .factories import PASSWORD, Person, Time, create_user, rows
from .passkey_requests import event_types
from .sign_ins import (
    PROVIDERS,
    REDIRECT_URI,
    account,
    authorization,
    continuation,
    finish,
    linked,
    newcomer,
    serving,
    sign_in,
    sign_up,
    start,
)  # fmt: skip


@pytest.fixture(scope="module")
def served_provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as provider:
        yield provider


@pytest.fixture
def provider(served_provider: OpenIdProvider) -> OpenIdProvider:
    served_provider.exchanges.clear()
    return served_provider


@pytest.fixture
def auth(settings: Settings, bus: Bus, provider: OpenIdProvider) -> Iterator[LiveService]:
    other = provider.setting("other") | {"issuer": "https://other.example"}
    with serving(settings, bus, provider.setting(), other) as service:
        yield service


def test_providers_are_listed_in_the_order_of_the_configuration(auth: LiveService) -> None:
    first = expect_json(auth.client.get(PROVIDERS, params={"limit": 1}), 200)
    assert first["items"] == [{"id": "test", "name": "Test"}]
    second = expect_json(auth.client.get(PROVIDERS, params={"limit": 1, "cursor": first["next_cursor"]}), 200)
    assert second == {"items": [{"id": "other", "name": "Other"}], "next_cursor": None}


def test_start_leads_to_the_provider_with_pkce_state_and_nonce(auth: LiveService, provider: OpenIdProvider) -> None:
    started = [expect_json(start(auth), 200) for _ in range(2)]
    asked = [parse_qs(urlsplit(each["authorization_url"]).query) for each in started]
    assert started[0]["authorization_url"].startswith(f"{provider.issuer}/authorize?")
    assert asked[0]["client_id"] == [CLIENT_ID] and asked[0]["redirect_uri"] == [REDIRECT_URI]
    assert asked[0]["state"] == [started[0]["state"]] and asked[0]["scope"] == ["openid email profile"]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
        assert len(asked[0][name][0]) >= 43
    assert "code_verifier" not in started[0]["authorization_url"]


def test_start_needs_a_configured_provider_and_redirect_uri(auth: LiveService) -> None:
    expect_problem(start(auth, "nobody"), 404, "not_found")
    for uri in ("https://evil.example/login/test", f"{REDIRECT_URI}/", f"{REDIRECT_URI}?a=b", f"{REDIRECT_URI}#a"):
        expect_problem(start(auth, redirect_uri=uri), 422, "invalid_redirect_uri", "/redirect_uri")


def test_new_person_chooses_a_nickname_and_has_no_password(auth: LiveService, provider: OpenIdProvider) -> None:
    problem = expect_problem(sign_in(auth, provider), 409, "sign_up_required")
    assert (problem["name"], problem["email"]) == ("Ada Lovelace", "ada@example.org")
    answer = expect_json(sign_up(auth, problem["continuation"], "countess", device="laptop"))
    mine = account(auth, answer)
    assert {name: answer[name] for name in mine} == mine
    assert (mine["nickname"], mine["email"], mine["email_verified"]) == ("countess", "ada@example.org", True)
    assert mine["has_password"] is False
    again = expect_json(sign_in(auth, provider), 200)
    assert account(auth, again)["id"] == mine["id"]
    ada = Person(answer, answer)
    (identity,) = linked(auth, ada)
    assert identity["provider"] == "test" and identity["subject"] == "subject-1" and identity["last_used_at"]
    assert sorted(event_types(auth, ada)) == ["email_confirmed", "login", "login", "signed_up"]


def test_account_without_a_password_cannot_log_in_with_one(auth: LiveService, provider: OpenIdProvider) -> None:
    newcomer(auth, provider)
    for password in ("!", "the password of no account", PASSWORD):
        body = {"identifier": "ada", "password": password}
        expect_problem(auth.client.post("/api/v1/auth/login", json=body), 401, "invalid_credentials")


def test_equal_address_alone_links_nothing(auth: LiveService, provider: OpenIdProvider) -> None:
    """Neither a confirmed address nor an unconfirmed one; and the account stays as it was."""
    ada = create_user(auth)
    problem = expect_problem(sign_in(auth, provider, email="Ada@Example.org"), 409, "link_required")
    expect_problem(sign_up(auth, problem["continuation"], "eve"), 409, "email_taken")
    unconfirmed = expect_problem(sign_in(auth, provider, email_verified=False), 409, "sign_up_required")
    assert unconfirmed["email"] is None
    expect_problem(sign_up(auth, unconfirmed["continuation"], "eve"), 422, "email_required", "/email")
    expect_problem(sign_up(auth, unconfirmed["continuation"], "eve", email="ada@example.org"), 409, "email_taken")
    assert linked(auth, ada) == []


@pytest.mark.parametrize("said", [{"email_verified": False}, {"email_verified": None}, {"email_verified": 1}])
def test_unconfirmed_address_is_not_used(auth: LiveService, provider: OpenIdProvider, said: dict[str, Any]) -> None:
    text = continuation(auth, provider, **said)
    answer = expect_json(sign_up(auth, text, email="own@example.org"))
    assert (answer["email"], answer["email_verified"]) == ("own@example.org", False)


@pytest.mark.parametrize("email", ["no address", "", 5, "a" * 300 + "@example.org", None])
def test_address_that_is_none_is_not_used(auth: LiveService, provider: OpenIdProvider, email: object) -> None:
    assert expect_problem(sign_in(auth, provider, email=email), 409, "sign_up_required")["email"] is None


def test_other_address_than_the_confirmed_one_is_unconfirmed(auth: LiveService, provider: OpenIdProvider) -> None:
    answer = expect_json(sign_up(auth, continuation(auth, provider), email="own@example.org"))
    assert (answer["email"], answer["email_verified"]) == ("own@example.org", False)


def test_taken_nickname_leaves_the_continuation_usable(auth: LiveService, provider: OpenIdProvider) -> None:
    create_user(auth, "bob")
    text = continuation(auth, provider)
    expect_problem(sign_up(auth, text, "bob"), 409, "nickname_taken")
    expect_json(sign_up(auth, text, "ada"))
    expect_problem(sign_up(auth, text, "eve", email="eve@example.org"), 422, "invalid_continuation", "/continuation")


def test_state_is_for_one_use_provider_and_time(auth: LiveService, provider: OpenIdProvider, time: Time) -> None:
    used = provider.authorize(authorization(auth))
    expect_problem(finish(auth, used), 409, "sign_up_required")
    expect_problem(finish(auth, used), 422, "invalid_state", "/state")
    expect_problem(finish(auth, provider.authorize(authorization(auth)), "other"), 422, "invalid_state")
    late, exchanges = provider.authorize(authorization(auth)), len(provider.exchanges)
    time.passes(STATE_MS + clock.SECOND)
    expect_problem(finish(auth, late), 422, "invalid_state")
    assert len(provider.exchanges) == exchanges, "no code is sent to the provider"


def test_state_that_was_not_made_here_is_refused(auth: LiveService, provider: OpenIdProvider) -> None:
    answer = provider.authorize(authorization(auth))
    state = answer["state"]
    for forged in (
        "a",
        "a" * 75,
        state[:-1],
        state + "A",
        altered(state, -2),
        "?" * 75,
    ):
        expect_problem(finish(auth, answer | {"state": forged}), 422, "invalid_state", "/state")
    assert provider.exchanges == []


def test_of_fifty_uses_of_one_state_one_succeeds(auth: LiveService, provider: OpenIdProvider) -> None:
    newcomer(auth, provider)
    answer = provider.authorize(authorization(auth))
    with ThreadPoolExecutor(50) as pool:
        statuses = [each.status_code for each in pool.map(lambda _: finish(auth, answer), range(50))]
    assert sorted(statuses) == [200, *[422] * 49]
    assert len(provider.exchanges) == 2


def test_of_fifty_sign_ups_with_one_continuation_one_succeeds(auth: LiveService, provider: OpenIdProvider) -> None:
    text = continuation(auth, provider)
    with ThreadPoolExecutor(50) as pool:
        done = list(pool.map(lambda n: sign_up(auth, text, f"ada{n}x", email=f"ada{n}@example.org"), range(50)))
    assert sorted(each.status_code for each in done) == [201, *[422] * 49]


def test_continuation_expires_and_is_for_one_provider(auth: LiveService, provider: OpenIdProvider, time: Time) -> None:
    text = continuation(auth, provider)
    body = {"continuation": text, "nickname": "ada", "name": "Ada"}
    expect_problem(auth.client.post(f"{PROVIDERS}/other/sign-up", json=body), 422, "invalid_continuation")
    for forged in (text[:-1], altered(text, 0), "a", text + "A"):
        expect_problem(sign_up(auth, forged), 422, "invalid_continuation", "/continuation")
    time.passes(CONTINUATION_MS + clock.SECOND)
    expect_problem(sign_up(auth, text), 422, "invalid_continuation", "/continuation")


def test_requests_that_only_begin_write_nothing(
    auth: LiveService, provider: OpenIdProvider, database: Database
) -> None:
    for _ in range(3):
        start(auth)
    assert rows(database, models.used_challenges) == []


def test_two_subjects_are_two_people(auth: LiveService, provider: OpenIdProvider) -> None:
    ada = newcomer(auth, provider)
    eve = newcomer(auth, provider, "eve", sub="Subject-1", email="eve@example.org")
    assert ada.id != eve.id
    assert account(auth, expect_json(sign_in(auth, provider), 200))["id"] == ada.id

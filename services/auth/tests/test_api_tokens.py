"""Login and token pairs over HTTP (T1 to T4), throttling, and one's own sessions."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest

from services.auth import models
from services.auth.actions.login_throttle import FREE_ATTEMPTS
from services.auth.actions.sessions import GRACE_MS, MAX_SESSIONS
from services.auth.passwords import Passwords
from shared import clock, ids
from shared.database.engine import Database
from shared.testing import FakeTokenIssuer, LiveService, eventually
from shared.testing.waiting import WAIT_SECONDS

from .factories import PASSWORD, Time, bearer, create_user, log_in, rows, sign_up

LOGIN, REFRESH, ME = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/users/me"


@pytest.fixture(scope="module")
def ada(standing: LiveService) -> dict[str, Any]:
    """The account of a user that no test changes."""
    return sign_up(standing, phone="010-1234-5678")


def refreshed(auth: LiveService, token: str) -> tuple[int, dict[str, str]]:
    """The response to a refresh."""
    answer = auth.client.post(REFRESH, json={"refresh_token": token})
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    "identifier", ["ada@example.org", "ADA@Example.org", "ada", "Ada", "010-1234-5678", "+821012345678"]
)
def test_a4_t1_login_with_email_nickname_or_phone(standing: LiveService, ada: dict[str, Any], identifier: str) -> None:
    tokens = log_in(standing, identifier)
    assert tokens.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 600)
    me = standing.client.get(ME, headers=bearer(tokens))
    assert me.json() == ada
    assert me.headers["cache-control"] == "no-store"


def test_access_token_is_verifiable_with_the_published_keys(auth: LiveService) -> None:
    ada = create_user(auth)
    (key,) = auth.client.get("/.well-known/jwks.json").json()["keys"]
    claims = jwt.decode(
        ada.tokens["access_token"], jwt.PyJWK(key), algorithms=["EdDSA"], audience="shutter", issuer="shutter"
    )
    assert claims["sub"] == ada.id
    assert claims["exp"] - claims["iat"] == 600
    header = jwt.get_unverified_header(ada.tokens["access_token"])
    assert header == {"typ": "at+jwt", "alg": "EdDSA", "kid": key["kid"]}
    assert "d" not in key, "the private part stays here"


@pytest.mark.parametrize(
    "identifier", ["ada", "ada@example.org", "nobody", "nobody@example.org", "010-0000-0000", "?!", ""]
)
def test_wrong_password_and_unknown_account_get_the_same_response(
    standing: LiveService, ada: dict[str, Any], identifier: str
) -> None:
    answer = standing.client.post(LOGIN, json={"identifier": identifier, "password": "wrong password"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (401, "invalid_credentials")
    assert problem["detail"] == "These credentials are wrong."
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_password_of_an_unknown_account_is_verified_against_a_dummy_hash(
    auth: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes: list[str | None] = []
    verify = Passwords.verify

    async def watched(self: Passwords, password: str, password_hash: str | None) -> str | None:
        hashes.append(password_hash)
        return await verify(self, password, password_hash)

    monkeypatch.setattr(Passwords, "verify", watched)
    for identifier in ("nobody", "nobody@example.org", "010-0000-0000", "?!"):
        auth.client.post(LOGIN, json={"identifier": identifier, "password": PASSWORD})
    assert hashes == [None] * 4


@pytest.mark.parametrize("identifier", ["ada", "nobody"])
def test_repeated_failures_are_throttled_with_and_without_an_account(
    auth: LiveService, time: Time, identifier: str
) -> None:
    time.stops()
    sign_up(auth)
    wrong = {"identifier": identifier, "password": "wrong password"}
    assert [auth.client.post(LOGIN, json=wrong).status_code for _ in range(FREE_ATTEMPTS)] == [401] * FREE_ATTEMPTS
    for body in (wrong, {"identifier": identifier.upper(), "password": PASSWORD}):
        answer = auth.client.post(LOGIN, json=body)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
        assert 1 <= int(answer.headers["retry-after"]) <= 2
    time.passes(clock.SECOND)
    assert auth.client.post(LOGIN, json=wrong).status_code == 401


def test_correct_password_resets_the_failure_count(auth: LiveService, database: Database) -> None:
    sign_up(auth)
    for _ in range(FREE_ATTEMPTS - 1):
        auth.client.post(LOGIN, json={"identifier": "ada", "password": "wrong password"})
    log_in(auth)
    assert [(row.tries, row.pending) for row in rows(database, models.failures)] == [(0, 0)]


def test_outdated_hash_is_renewed_at_login(auth: LiveService, database: Database) -> None:
    sign_up(auth)
    dear = Passwords(memory_kib=16, iterations=1)
    auth.app.state.dependencies.passwords._hasher = dear._hasher
    log_in(auth)
    (account,) = rows(database, models.accounts)
    assert "m=16," in account.password_hash
    log_in(auth)
    assert rows(database, models.accounts) == [account]


def test_login_burst_does_not_block_reads(auth: LiveService, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are more logins than threads, and none of them proceeds."""
    ada = create_user(auth)
    go_on, waiting = threading.Event(), []
    passwords = auth.app.state.dependencies.passwords

    def stuck(*_: object) -> bool:
        waiting.append(1)
        return go_on.wait(WAIT_SECONDS)

    monkeypatch.setattr(passwords, "_matches", stuck)
    with ThreadPoolExecutor(20) as pool:
        logins = [pool.submit(log_in, auth) for _ in range(20)]
        eventually(lambda: passwords._free_slots[False] <= 14)
        assert auth.client.get(f"/api/v1/users/{ada.id}").status_code == 200
        go_on.set()
        assert all(each.result()["access_token"] for each in logins)


def test_t2_missing_malformed_or_foreign_access_token_is_refused(auth: LiveService) -> None:
    ada = create_user(auth)
    for headers in (
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer nonsense"},
        {"authorization": f"Basic {ada.tokens['access_token']}"},
        {"authorization": f"Bearer {ada.tokens['refresh_token']}"},
        FakeTokenIssuer().bearer(ids.parse(ada.id)),
    ):
        answer = auth.client.get(ME, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_t2_expired_access_token_is_refused(auth: LiveService) -> None:
    ada = create_user(auth)
    token_issuer = auth.app.state.dependencies.token_issuer
    token_issuer.lifetime = -3600
    late = token_issuer.access_token(ids.parse(ada.id), 1)
    assert auth.client.get(ME, headers={"authorization": f"Bearer {late}"}).status_code == 401


def test_t3_refresh_gives_a_new_pair_of_the_same_session(auth: LiveService, database: Database) -> None:
    ada = create_user(auth)
    status, tokens = refreshed(auth, ada.tokens["refresh_token"])
    assert status == 200
    assert tokens["refresh_token"] != ada.tokens["refresh_token"]
    assert auth.client.get(ME, headers=bearer(tokens)).status_code == 200
    assert len(rows(database, models.sessions)) == 1


def test_t3_reused_refresh_token_ends_its_session(auth: LiveService, time: Time) -> None:
    ada = create_user(auth)
    _, tokens = refreshed(auth, ada.tokens["refresh_token"])
    time.passes(GRACE_MS + 1)
    status, problem = refreshed(auth, ada.tokens["refresh_token"])
    assert (status, problem["code"]) == (401, "refresh_token_reused")
    assert refreshed(auth, tokens["refresh_token"])[0] == 401
    assert auth.client.get(ME, headers=bearer(tokens)).status_code == 401


def test_t3_fifty_concurrent_refreshes_leave_one_chain(auth: LiveService) -> None:
    token = create_user(auth).tokens["refresh_token"]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: refreshed(auth, token), range(50)))
    assert {status for status, _ in answers} == {200}, "all within the moment in which an answer may get lost"
    (one,) = {tokens["refresh_token"] for _, tokens in answers}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: refreshed(auth, one), range(50)))
    assert {status for status, _ in answers} == {200}
    (going_on,) = {tokens["refresh_token"] for _, tokens in answers}
    assert refreshed(auth, going_on)[0] == 200


@pytest.mark.parametrize("token", ["", "unknown", "é" * 200])
def test_t3_unknown_refresh_token_is_refused(standing: LiveService, token: str) -> None:
    status, problem = refreshed(standing, token)
    assert (status, problem["code"]) == (401, "invalid_token")


def test_refresh_token_is_not_used_up_without_a_signing_key(auth: LiveService, database: Database) -> None:
    ada = create_user(auth)
    before = rows(database, models.refresh_tokens), rows(database, models.sessions)
    auth.app.state.dependencies.token_issuer.load([])
    assert refreshed(auth, ada.tokens["refresh_token"])[0] == 503
    answer = auth.client.post(LOGIN, json={"identifier": "ada", "password": PASSWORD})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert (rows(database, models.refresh_tokens), rows(database, models.sessions)) == before


def test_t4_logout_ends_the_session_and_its_access_token(auth: LiveService) -> None:
    ada = create_user(auth)
    answer = auth.client.post("/api/v1/auth/logout", headers=ada.bearer)
    assert (answer.status_code, answer.content) == (204, b"")
    assert refreshed(auth, ada.tokens["refresh_token"])[0] == 401
    routes = [("GET", ME), ("POST", "/api/v1/auth/logout"), ("GET", "/api/v1/auth/sessions")]
    routes += [("DELETE", "/api/v1/users/me/avatar"), ("DELETE", f"/api/v1/auth/sessions/{ids.encode(1)}")]
    for method, path in routes:
        assert auth.client.request(method, path, headers=ada.bearer).status_code == 401, path


def test_t4_concurrent_logouts_get_204_and_401(auth: LiveService) -> None:
    ada = create_user(auth)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: auth.client.post("/api/v1/auth/logout", headers=ada.bearer), range(4)))
    assert sorted(each.status_code for each in answers) == [204, 401, 401, 401]


def test_own_sessions_are_listed_and_the_current_one_is_marked(auth: LiveService) -> None:
    ada = create_user(auth)
    create_user(auth, "bob")
    log_in(auth, "ada", device="Ada's tablet")
    current = log_in(auth, "ada", device="Ada's phone")
    listed = auth.client.get("/api/v1/auth/sessions?limit=2", headers=bearer(current))
    items = listed.json()["items"]
    assert [(each["device"], each["current"]) for each in items] == [("Ada's phone", True), ("Ada's tablet", False)]
    assert items[0]["ip"] == "127.0.0.1"
    rest = auth.client.get(listed.headers["link"].partition(">")[0][1:], headers=bearer(current)).json()
    assert [each["device"] for each in rest["items"]] == [None]
    assert rest["next_cursor"] is None
    assert ada.id not in str(items)


def test_client_address_is_that_from_the_gateway(auth: LiveService) -> None:
    sign_up(auth)
    seen = {"x-forwarded-for": "203.0.113.7, 2001:db8::1"}
    tokens = auth.client.post(LOGIN, json={"identifier": "ada", "password": PASSWORD}, headers=seen).json()
    listed = auth.client.get("/api/v1/auth/sessions", headers=bearer(tokens)).json()
    assert listed["items"][0]["ip"] == "2001:db8::1"


def test_session_of_another_device_can_be_ended(auth: LiveService) -> None:
    ada, bob = create_user(auth), create_user(auth, "bob")
    other = log_in(auth, "ada")
    (listed, _) = auth.client.get("/api/v1/auth/sessions", headers=ada.bearer).json()["items"]
    path = f"/api/v1/auth/sessions/{listed['id']}"
    assert auth.client.delete(path, headers=bob.bearer).status_code == 404
    assert auth.client.delete(path, headers=ada.bearer).status_code == 204
    assert auth.client.delete(path, headers=ada.bearer).status_code == 404
    assert auth.client.get(ME, headers=bearer(other)).status_code == 401
    assert auth.client.get(ME, headers=ada.bearer).status_code == 200
    for path in ("/api/v1/auth/sessions/none", "/api/v1/auth/sessions/8000000000000000"):
        assert auth.client.delete(path, headers=ada.bearer).status_code == 404


def test_fifty_first_login_ends_the_first_session(auth: LiveService) -> None:
    first = create_user(auth)
    for _ in range(MAX_SESSIONS):
        last = log_in(auth)
    assert auth.client.get(ME, headers=first.bearer).status_code == 401
    assert auth.client.get(ME, headers=bearer(last)).status_code == 200

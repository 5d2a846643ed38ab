"""Tokens and sessions: what a login returns, how long it is valid, and what ends it (T1 to T4)."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .person import API, Person, fresh_password
from .responses import TIME, answer, items, refusal, unauthorized

SESSION = {"id", "device", "ip", "created_at", "last_used_at", "current"}


def part(token: str, number: int) -> dict[str, Any]:
    """Header (0) or claims (1) of a token."""
    text = token.split(".")[number]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return decoded


def written(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def with_token(web: httpx.Client, token: str) -> httpx.Response:
    return web.get(f"{API}/users/me", headers={"Authorization": f"Bearer {token}"})


def test_T1_login_gives_an_access_and_a_refresh_token(web: httpx.Client) -> None:
    jo = Person.registered(web)
    tokens = answer(jo.log_in())
    assert set(tokens) >= {"access_token", "refresh_token", "token_type", "expires_in"}
    assert tokens["token_type"] == "Bearer" and tokens["expires_in"] > 0
    assert tokens["access_token"] != tokens["refresh_token"]
    assert answer(jo.account())["id"] == jo.id


def test_T1_anyone_can_verify_an_access_token_by_the_published_keys(web: httpx.Client, other_user: Person) -> None:
    keys = jwt.PyJWKSet.from_dict(answer(web.get("/.well-known/jwks.json")))
    header, claims = part(other_user.access_token, 0), part(other_user.access_token, 1)
    assert (header["alg"], header["typ"]) == ("EdDSA", "at+jwt")
    verified = jwt.decode(
        other_user.access_token, keys[header["kid"]], algorithms=["EdDSA"], audience=claims["aud"],
        options={"require": ["exp", "iat", "sub", "aud", "iss", "jti", "sid"]},
    )  # fmt: skip
    assert verified["sub"] == other_user.id
    assert verified["exp"] - verified["iat"] <= 3600


def test_T1_every_login_creates_its_own_session(web: httpx.Client) -> None:
    jo = Person.registered(web)
    first, second = answer(jo.log_in()), answer(jo.log_in())
    assert first["access_token"] != second["access_token"]
    assert first["refresh_token"] != second["refresh_token"]
    unauthorized(with_token(web, jo.refresh_token))


def test_T2_a_missing_access_token_gets_401(web: httpx.Client) -> None:
    unauthorized(web.get(f"{API}/users/me"))
    unauthorized(web.get(f"{API}/feed"))
    unauthorized(web.post(f"{API}/posts", json={}))


def test_T2_modified_token_gets_401(web: httpx.Client, other_user: Person) -> None:
    header, claims, signature = other_user.access_token.split(".")
    longer = part(other_user.access_token, 1) | {"exp": 4_000_000_000}
    other = part(other_user.access_token, 1) | {"sub": "0000000000000001"}
    unsigned = part(other_user.access_token, 0) | {"alg": "none"}
    forged = [
        f"{header}.{written(longer)}.{signature}",
        f"{header}.{written(other)}.{signature}",
        f"{written(unsigned)}.{claims}.",
        f"{written(unsigned)}.{claims}.{signature}",
        f"{header}.{claims}",
        f"{header}.{claims}.{'A' * len(signature)}",
        f"{other_user.access_token}x",
    ]
    for token in forged:
        unauthorized(with_token(web, token))
    answer(with_token(web, other_user.access_token))


def test_T2_token_signed_with_another_key_gets_401(web: httpx.Client, other_user: Person) -> None:
    header, claims = part(other_user.access_token, 0), part(other_user.access_token, 1)
    published = answer(web.get("/.well-known/jwks.json"))["keys"][0]["x"]
    forged = jwt.encode(claims, published, algorithm="HS256", headers={**header, "alg": "HS256"})
    unauthorized(with_token(web, forged))
    forged = jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=header)
    unauthorized(with_token(web, forged))


def test_T3_refresh_token_is_exchanged_for_a_new_pair(web: httpx.Client) -> None:
    jo = Person.newcomer(web)
    old_access, old_refresh = jo.access_token, jo.refresh_token
    tokens = answer(jo.refresh())
    assert set(tokens) >= {"access_token", "refresh_token", "token_type", "expires_in"}
    assert tokens["access_token"] != old_access and tokens["refresh_token"] != old_refresh
    assert answer(jo.account())["id"] == jo.id
    answer(jo.refresh())


def test_T3_repeated_refresh_gets_the_same_successor(web: httpx.Client) -> None:
    jo = Person.newcomer(web)
    spent = jo.refresh_token
    first = answer(jo.refresh())
    jo.refresh_token = spent
    again = answer(jo.refresh())
    assert again["refresh_token"] == first["refresh_token"] != spent
    answer(jo.refresh())
    jo.refresh_token = first["refresh_token"]
    answer(jo.refresh())
    assert answer(jo.account())["id"] == jo.id


def test_T3_invalid_refresh_token_gets_401(web: httpx.Client, other_user: Person) -> None:
    for token in ("nothing", other_user.access_token, other_user.refresh_token[:-1] + "!", "a" * 500):
        refusal(web.post(f"{API}/auth/refresh", json={"refresh_token": token}), 401)
    answer(other_user.account())


def test_T4_logout_ends_the_session_at_once(web: httpx.Client) -> None:
    jo = Person.newcomer(web)
    elsewhere = jo.elsewhere()
    assert answer(jo.log_out(), 204) is None
    unauthorized(jo.account())
    unauthorized(jo.send("GET", "/feed"))
    unauthorized(jo.send("GET", "/rooms"))
    unauthorized(jo.send("GET", f"/relations?user_ids={jo.id}"))
    refusal(jo.refresh(), 401)
    assert answer(elsewhere.account())["id"] == jo.id


def end_by_logout(person: Person, _: Person) -> httpx.Response:
    return person.log_out()


def end_from_elsewhere(person: Person, elsewhere: Person) -> httpx.Response:
    session = next(one for one in items(person.send("GET", "/auth/sessions")) if one["current"])
    return elsewhere.send("DELETE", f"/auth/sessions/{session['id']}")


def end_by_new_password(_: Person, elsewhere: Person) -> httpx.Response:
    return elsewhere.change(new_password=fresh_password())


def end_by_withdrawal(_: Person, elsewhere: Person) -> httpx.Response:
    return elsewhere.withdraw()


ENDS = [end_by_logout, end_from_elsewhere, end_by_new_password, end_by_withdrawal]


@pytest.mark.parametrize("end", ENDS)
def test_T4_every_service_refuses_the_access_token_after_logout(
    web: httpx.Client, end: Callable[[Person, Person], httpx.Response]
) -> None:
    for path in ("/feed", "/rooms", "/relations?user_ids=0000000000000001", "/feed"):
        person = Person.newcomer(web)
        elsewhere = person.elsewhere()
        items(person.send("GET", path))
        assert end(person, elsewhere).status_code in (200, 202, 204)
        unauthorized(person.send("GET", path))


def test_sessions_are_listed_with_their_device(web: httpx.Client) -> None:
    jo = Person.registered(web)
    answer(jo.log_in(device="Jo's phone"))
    answer(jo.elsewhere().account())
    sessions = items(jo.send("GET", "/auth/sessions"))
    assert all(set(one) >= SESSION for one in sessions)
    assert [(one["device"], one["current"]) for one in sessions] == [(None, False), ("Jo's phone", True)]
    assert all(TIME.fullmatch(one[moment]) for one in sessions for moment in ("created_at", "last_used_at"))
    assert all(one["ip"] for one in sessions)


def test_user_can_end_only_own_sessions(web: httpx.Client, other_user: Person) -> None:
    jo = Person.newcomer(web)
    lost = jo.elsewhere()
    session = next(one for one in items(lost.send("GET", "/auth/sessions")) if one["current"])
    refusal(other_user.send("DELETE", f"/auth/sessions/{session['id']}"), {403, 404})
    answer(lost.account())
    answer(jo.send("DELETE", f"/auth/sessions/{session['id']}"), 204)
    unauthorized(lost.account())
    refusal(lost.refresh(), 401)
    assert [one["current"] for one in items(jo.send("GET", "/auth/sessions"))] == [True]

"""Authentication: accepted and refused tokens, and revocations."""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest
import time_machine

from gateway.authentication.revocations import Revocations
from shared import errors, ids
from shared.events.envelope import Event
from shared.security.derived_keys import caller_key
from shared.security.service_calls import InternalCallerVerifier, ServiceClient
from shared.security.verifier import LEEWAY_SECONDS
from shared.testing.stubs import Stub
from shared.testing.tokens import FakeTokenIssuer
from shared.testing.waiting import eventually

from .gateway_server import SECRET, LiveGateway, live_gateway, live_gateway_alone
from .stub_services import StubServices, answering, listed

FEED = "/api/v1/feed"
CONTRACTS = Path(__file__).parents[2] / "shared" / "contracts" / "events"
AUTH_CLIENT = ServiceClient("gateway", SECRET, "auth", "http://auth", Stub().transport)


def asks(live: LiveGateway, authorization: str, path: str = FEED) -> int:
    """The status of a request with this Authorization header."""
    answer = live.web.get(path, headers=[(b"authorization", authorization.encode())])
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["code"] == "invalid_token"
    return answer.status_code


def now() -> int:
    return int(time.time())


def part(value: object) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(token_issuer: FakeTokenIssuer) -> str:
    """The claims of a valid token under `alg: none`."""
    claims = token_issuer.token(1).split(".")[1]
    return f"{part({'alg': 'none', 'typ': 'at+jwt', 'kid': 'test'})}.{claims}."


def by_another_key(token_issuer: FakeTokenIssuer) -> str:
    other = FakeTokenIssuer()
    other.kid = token_issuer.kid
    return other.token(1)


def with_changed_claims(token_issuer: FakeTokenIssuer) -> str:
    head, claims, signature = token_issuer.token(1).split(".")
    changed = {**json.loads(base64.urlsafe_b64decode(claims + "==")), "sub": ids.encode(2)}
    return f"{head}.{part(changed)}.{signature}"


def signed_with_the_public_key_as_secret(token_issuer: FakeTokenIssuer) -> str:
    secret = token_issuer.key.public_key().public_bytes_raw()
    claims = jwt.decode(token_issuer.token(1), options={"verify_signature": False})
    return jwt.encode(claims, secret, "HS256", headers={"typ": "at+jwt", "kid": "test"})


def bringing_its_own_key(token_issuer: FakeTokenIssuer) -> str:
    foreign_issuer = FakeTokenIssuer()
    key = asyncio.run(foreign_issuer.key_set())["keys"][0]
    return foreign_issuer.token(1, headers={"jwk": key})


def without(claim: str) -> Callable[[FakeTokenIssuer], str]:
    return lambda token_issuer: token_issuer.token(1, **{claim: None})  # type: ignore[arg-type] # a claim, not an argument


BROKEN: dict[str, Callable[[FakeTokenIssuer], str]] = {
    "no token at all": lambda _: "nonsense",
    "three empty parts": lambda _: "..",
    "text that is not ASCII": lambda _: "ü.ü.ü",
    "far too long": lambda token_issuer: token_issuer.token(1, more="x" * 3000),
    "expired": lambda token_issuer: token_issuer.token(1, iat=now() - 700, exp=now() - 100),
    "living too long": lambda token_issuer: token_issuer.token(1, exp=now() + 100_000),
    "not yet valid": lambda token_issuer: token_issuer.token(1, iat=now() + 1000, exp=now() + 1600),
    "another type": lambda token_issuer: token_issuer.token(1, headers={"typ": "JWT"}),
    "an extra header field": lambda token_issuer: token_issuer.token(1, headers={"cty": "x"}),
    "an unknown key id": lambda token_issuer: token_issuer.token(1, headers={"kid": "unknown"}),
    "another issuer": lambda token_issuer: token_issuer.token(1, iss="another"),
    "another audience": lambda token_issuer: token_issuer.token(1, aud="another"),
    "ours among the audiences": lambda token_issuer: token_issuer.token(1, aud=["shutter", "another"]),
    "a subject that is no id": lambda token_issuer: token_issuer.token(1, sub="me"),
    "a login that is no id": lambda token_issuer: token_issuer.token(1, sid="../1"),
    "unsigned": unsigned,
    "by another key": by_another_key,
    "changed claims": with_changed_claims,
    "the public key as secret": signed_with_the_public_key_as_secret,
    "its own key": bringing_its_own_key,
    **{f"without {claim}": without(claim) for claim in ("exp", "iat", "sub", "aud", "iss", "jti", "sid")},
}


@pytest.mark.parametrize("broken", BROKEN)
def test_invalid_token_is_refused(live: LiveGateway, broken: str) -> None:
    token = BROKEN[broken](live.token_issuer)
    assert asks(live, f"Bearer {token}") == 401
    assert asks(live, f"Bearer {token}", "/api/v1/posts") == 401, "a token that is given must be valid"


@pytest.mark.parametrize("scheme", ["Basic ", "Token ", "", "Bearer", "Bearer  ", "Bearer\t"])
def test_only_the_bearer_scheme_is_accepted(live: LiveGateway, scheme: str) -> None:
    assert asks(live, f"{scheme}{live.token_issuer.token(1)}") == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_bearer_scheme_is_case_insensitive(live: LiveGateway, scheme: str) -> None:
    assert asks(live, f"{scheme} {live.token_issuer.token(1)}") == 200


def test_unauthorized_response_equals_that_of_the_services(live: LiveGateway) -> None:
    with pytest.raises(errors.Unauthenticated) as refusal:
        asyncio.run(live.token_issuer.verifier().verify("nonsense"))
    problem = live.web.get(FEED).json()
    assert (problem["code"], problem["detail"]) == (refusal.value.code, refusal.value.detail)


def test_cached_token_is_refused_after_it_expires(live: LiveGateway) -> None:
    expiry = now() + 60
    token = live.token_issuer.token(7, exp=expiry)
    with time_machine.travel(expiry + LEEWAY_SECONDS - 1, tick=False):
        assert asks(live, f"Bearer {token}") == 200
    with time_machine.travel(expiry + LEEWAY_SECONDS, tick=False):
        assert asks(live, f"Bearer {token}") == 401


def test_token_of_an_ended_session_is_refused_after_the_event(live: LiveGateway) -> None:
    ended, other = live.token_issuer.token(10, 11), live.token_issuer.token(10, 12)
    assert asks(live, f"Bearer {ended}") == 200
    assert live.deliver("session.revoked", {"session_id": ids.encode(11), "user_id": ids.encode(10)})
    assert asks(live, f"Bearer {ended}") == 401
    assert asks(live, f"Bearer {other}") == 200


def test_tokens_of_a_withdrawn_user_are_refused(live: LiveGateway) -> None:
    assert live.deliver("user.deleted", {"user_id": ids.encode(20), "deleted_at": "2026-11-23T08:41:00.123Z"})
    assert [asks(live, f"Bearer {live.token_issuer.token(20, login)}") for login in (21, 22)] == [401, 401]


def test_revocation_headers_of_auth_take_effect_and_are_not_forwarded(live: LiveGateway) -> None:
    logins = f"{ids.encode(31)} {ids.encode(32)}"
    answering_logout = answering(204, x_ended_logins=logins, x_ended_subject=ids.encode(40))
    live.services.behaviours["/api/v1/auth/logout"] = answering_logout
    answer = live.web.post("/api/v1/auth/logout", headers=live.token_issuer.bearer(30, 31))
    assert answer.status_code == 204
    assert not [name for name in answer.headers if name.startswith("x-ended")]
    tokens = [live.token_issuer.token(30, 31), live.token_issuer.token(30, 32), live.token_issuer.token(40, 1)]
    assert [asks(live, f"Bearer {token}") for token in tokens] == [401, 401, 401]
    assert asks(live, f"Bearer {live.token_issuer.token(30, 33)}") == 200


def test_revocation_headers_of_other_services_are_ignored(live: LiveGateway) -> None:
    live.services.behaviours["/api/v1/feed"] = answering(200, b"{}", x_ended_subject=ids.encode(50))
    assert live.web.get("/api/v1/feed", headers=live.token_issuer.bearer(51)).status_code == 200
    assert asks(live, f"Bearer {live.token_issuer.token(50, 1)}") == 200


@pytest.mark.parametrize("name", ["session.revoked.v1", "user.deleted.v1"])
def test_contract_examples_are_handled(name: str) -> None:
    revocations = Revocations(AUTH_CLIENT, 600)
    for data in json.loads((CONTRACTS / f"{name}.json").read_text())["examples"]:
        revocations.handle(Event(1, name.removesuffix(".v1"), 1, 0, None, data))
        login = ids.parse(data.get("session_id", "0000000000000000"))
        assert revocations.revoked(ids.parse(data["user_id"]), login)


def test_invalid_event_is_not_acknowledged(live: LiveGateway) -> None:
    with pytest.raises(ValueError, match="user_id"):
        Revocations(AUTH_CLIENT, 600).handle(Event(1, "user.deleted", 1, 0, None, {"user_id": "me"}))


def test_revocations_are_loaded_at_start_with_service_credentials() -> None:
    services = StubServices(revocations=listed([ids.encode(5)], [ids.encode(6)]))
    with live_gateway(services) as live:
        assert asks(live, f"Bearer {live.token_issuer.token(1, 5)}") == 401
        assert asks(live, f"Bearer {live.token_issuer.token(6, 1)}") == 401
        assert asks(live, f"Bearer {live.token_issuer.token(5, 6)}") == 200
    shown = services.pulls[0].all("authorization")[0].removeprefix("Bearer ")
    assert InternalCallerVerifier("auth", {"gateway": caller_key(SECRET, "auth")}).check(shown) == "gateway"


def test_revocations_are_polled_repeatedly() -> None:
    with live_gateway(revocations_seconds=0.05) as live:
        token = live.token_issuer.token(1, 5)
        assert asks(live, f"Bearer {token}") == 200
        live.services.revocations = listed([ids.encode(5)], [])
        eventually(lambda: asks(live, f"Bearer {token}") == 401)
        live.services.revocations = None
        asked = len(live.services.pulls)
        eventually(lambda: len(live.services.pulls) > asked + 4)
        assert asks(live, f"Bearer {live.token_issuer.token(2, 9)}") == 200, "what was loaded once still serves"


def test_only_public_routes_are_served_until_revocations_are_loaded() -> None:
    with live_gateway(StubServices(revocations=None)) as live:
        for path in (FEED, "/api/v1/posts"):
            answer = live.web.get(path, headers=live.token_issuer.bearer(1))
            assert (answer.status_code, answer.json()["code"]) == (503, "revocations_unavailable")
            assert int(answer.headers["retry-after"]) > 0
        assert live.web.get(FEED).status_code == 401
        assert live.web.get("/api/v1/posts").status_code == 200
        live.services.revocations = listed([], [])
        eventually(lambda: asks(live, f"Bearer {live.token_issuer.token(1)}") == 200)


def test_token_cannot_be_verified_without_keys() -> None:
    with live_gateway() as live:
        services = live.services
        services.keys_down = True
        answer = live.web.get(FEED, headers=live.token_issuer.bearer(1))
        assert (answer.status_code, answer.json()["code"]) == (503, "keys_unavailable")
        assert "retry-after" in answer.headers
        services.keys_down = False
        eventually(lambda: asks(live, f"Bearer {live.token_issuer.token(1)}") == 200)


def test_revocations_are_dropped_when_their_tokens_have_expired() -> None:
    auth = Stub({"/internal/revocations": listed([], [])})
    revocations = Revocations(ServiceClient("gateway", SECRET, "auth", "http://auth", auth.transport), -1000)
    revocations.handle(Event(1, "user.deleted", 1, 0, None, {"user_id": ids.encode(1)}))
    assert revocations.revoked(1, 1)
    asyncio.run(revocations.pull())
    assert not revocations.revoked(1, 1)


def test_revocations_are_bounded_and_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.authentication.revocations.MAX_IDS", 2)
    auth = Stub({"/internal/revocations": listed([ids.encode(number) for number in (1, 2, 3)], [])})
    revocations = Revocations(ServiceClient("gateway", SECRET, "auth", "http://auth", auth.transport), 600)
    asyncio.run(revocations.pull())
    assert [revocations.revoked(9, login) for login in (1, 2, 3)] == [False, True, True]


def test_gateway_without_services_serves_its_own_routes() -> None:
    services = StubServices(ports={1: "auth", 2: "social", 3: "posts", 4: "dm"})
    with live_gateway_alone(services) as live:
        assert live.web.get("/healthz").status_code == 200
        assert live.web.get(FEED, headers=live.token_issuer.bearer(1)).json()["code"] == "revocations_unavailable"
        assert live.web.get("/api/v1/posts").json()["code"] == "upstream_unavailable"

"""Access tokens: what is good is taken, and no forgery that we know of; keys are learnt sparingly."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import time_machine
from fastapi import FastAPI

from shared import ids
from shared.errors import AppError, Unauthenticated, Unavailable
from shared.security.verifier import LEEWAY_SECONDS, Identity, JwksClient, TokenVerifier, fetch_from
from shared.testing import FakeTokenIssuer
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.forged_tokens import Forger, forgeries
from shared.web import exception_handlers
from shared.web.authentication import CurrentUser, OptionalUser

MINTER = FakeTokenIssuer()
FORGER = Forger(MINTER.key, MINTER.kid)
FORGED = dict(forgeries(FORGER))


def verify(token: str, verifier: TokenVerifier | None = None) -> Identity:
    return asyncio.run((verifier or MINTER.verifier()).verify(token))


def test_a_good_token_says_who_in_which_login_until_when() -> None:
    now = int(time.time())
    found = verify(MINTER.token(subject=7, session_id=8, iat=now, exp=now + 600))
    assert found == Identity(7, 8, now + 600)


def test_the_forger_can_write_good_tokens_too() -> None:
    """Else every forgery would be refused for nothing."""
    assert verify(FORGER.token()).subject == 7


@pytest.mark.parametrize("seconds", [-LEEWAY_SECONDS + 1, -1, 1])
def test_clocks_may_differ_a_little(seconds: int) -> None:
    now = int(time.time())
    with time_machine.travel(now, tick=False):
        assert verify(FORGER.token(iat=now - 600, exp=now + seconds)).subject == 7
        assert verify(FORGER.token(iat=now + abs(seconds), exp=now + 600)).subject == 7


def test_beyond_the_leeway_a_token_has_expired_or_is_not_yet_valid() -> None:
    now = int(time.time())
    with time_machine.travel(now, tick=False):
        for token in (
            FORGER.token(iat=now - 600, exp=now - LEEWAY_SECONDS),
            FORGER.token(iat=now + LEEWAY_SECONDS + 1, exp=now + 600),
        ):
            with pytest.raises(Unauthenticated):
                verify(token)


def test_there_are_forgeries_of_many_kinds() -> None:
    assert len(FORGED) > 150


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_no_forgery_is_taken(token: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        verify(token)
    assert refusal.value.code == "invalid_token"


class Issuer:
    """Serves keys, or not, and counts how often it was asked."""

    def __init__(self, *minters: FakeTokenIssuer) -> None:
        self.minters = list(minters)
        self.asked = 0
        self.answer: Callable[[], Awaitable[Any]] | None = None

    async def key_set(self) -> Any:
        """The keys of all its minters, unless something else is to be answered."""
        self.asked += 1
        if self.answer is not None:
            return await self.answer()
        return {"keys": [key for token_issuer in self.minters for key in (await token_issuer.key_set())["keys"]]}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets time pass for whoever waits before asking again."""
    ahead = [0.0]
    now = time.monotonic

    def passes(seconds: float) -> None:
        ahead[0] += seconds

    monkeypatch.setattr("time.monotonic", lambda: now() + ahead[0])
    return passes


def verifier_of(issuer: Issuer) -> TokenVerifier:
    return TokenVerifier(JwksClient(issuer.key_set), issuer="shutter", audience="shutter")


def minter_called(kid: str) -> FakeTokenIssuer:
    token_issuer = FakeTokenIssuer()
    token_issuer.kid = kid
    return token_issuer


def test_keys_are_asked_for_once_however_many_tokens_come() -> None:
    issuer = Issuer(MINTER)
    verifier = verifier_of(issuer)

    async def verify_all() -> None:
        await asyncio.gather(*(verifier.verify(MINTER.token(each)) for each in range(20)))

    asyncio.run(verify_all())
    assert issuer.asked == 1


def test_a_new_key_is_learnt_without_a_restart(later: Callable[[float], None]) -> None:
    issuer, new = Issuer(MINTER), minter_called("new")
    verifier = verifier_of(issuer)
    verify(MINTER.token(1), verifier)
    issuer.minters.append(new)
    later(31)
    assert verify(new.token(2), verifier).subject == 2
    assert verify(MINTER.token(1), verifier).subject == 1


def test_a_key_that_is_withdrawn_is_no_longer_good(later: Callable[[float], None]) -> None:
    issuer, new = Issuer(MINTER), minter_called("new")
    verifier = verifier_of(issuer)
    verify(MINTER.token(1), verifier)
    issuer.minters[:] = [new]
    later(31)
    verify(new.token(2), verifier)
    with pytest.raises(Unauthenticated):
        verify(MINTER.token(1), verifier)


def test_invented_key_ids_make_nobody_ask_more_than_twice_a_minute(later: Callable[[float], None]) -> None:
    issuer = Issuer(MINTER)
    verifier = verifier_of(issuer)
    verify(MINTER.token(1), verifier)
    for number in range(50):
        with pytest.raises(Unauthenticated):
            verify(FORGER.token({"kid": f"invented {number}"}), verifier)
    assert issuer.asked == 1
    later(31)
    for number in range(50):
        with pytest.raises(Unauthenticated):
            verify(FORGER.token({"kid": f"invented {number}"}), verifier)
    assert issuer.asked == 2


async def _down() -> Any:
    raise httpx.ConnectError("down")


async def _nonsense() -> Any:
    return {"keys": [{"kty": "nonsense", "kid": "x"}]}


async def _no_keys() -> Any:
    return []


@pytest.mark.parametrize("answer", [_down, _nonsense, _no_keys])
def test_while_the_issuer_is_away_the_last_keys_are_kept(
    answer: Callable[[], Awaitable[Any]], later: Callable[[float], None]
) -> None:
    issuer = Issuer(MINTER)
    verifier = verifier_of(issuer)
    verify(MINTER.token(1), verifier)
    issuer.answer = answer
    later(31)
    new = minter_called("new")
    with pytest.raises(Unauthenticated):
        verify(new.token(2), verifier)
    assert verify(MINTER.token(1), verifier).subject == 1
    issuer.answer = None
    issuer.minters.append(new)
    later(1)
    assert verify(new.token(2), verifier).subject == 2, "who was not answered asks again soon"


@pytest.mark.parametrize("answer", [_down, _nonsense, _no_keys])
def test_without_any_key_nobody_is_refused_for_good(
    answer: Callable[[], Awaitable[Any]], later: Callable[[float], None]
) -> None:
    issuer = Issuer(MINTER)
    issuer.answer = answer
    verifier = verifier_of(issuer)
    for _ in range(2):
        with pytest.raises(Unavailable):
            verify(MINTER.token(1), verifier)
    assert issuer.asked == 1, "not at once again"
    issuer.answer = None
    later(1)
    assert verify(MINTER.token(1), verifier).subject == 1


def test_keys_are_fetched_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"keys": []}))
    client = httpx.AsyncClient
    monkeypatch.setattr(httpx, "AsyncClient", lambda **options: client(transport=transport, **options))

    async def fetch() -> Any:
        return await fetch_from("http://auth/.well-known/jwks.json")()

    assert asyncio.run(fetch()) == {"keys": []}


@pytest.fixture
def ask() -> Callable[..., httpx.Response]:
    """Asks a small application who is asking."""
    app = FastAPI()
    app.state.verifier = MINTER.verifier()
    app.add_exception_handler(AppError, exception_handlers.on_app_error)

    @app.get("/required")
    async def required(who: CurrentUser) -> str:
        return ids.encode(who.subject)

    @app.get("/optional")
    async def optional(who: OptionalUser) -> str:
        return ids.encode(who.subject) if who else "nobody"

    def send(path: str, **headers: str) -> httpx.Response:
        async def over_asgi() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://service", timeout=WAIT_SECONDS
            ) as client:
                return await client.get(path, headers=headers)

        return asyncio.run(over_asgi())

    return send


def test_a_route_learns_who_is_asking(ask: Callable[..., httpx.Response]) -> None:
    for path in ("/required", "/optional"):
        assert ask(path, **MINTER.bearer(7)).json() == ids.encode(7)
        assert ask(path, authorization=f"bearer {MINTER.token(7)}").json() == ids.encode(7)


def test_where_anybody_may_ask_nobody_need_say_who(ask: Callable[..., httpx.Response]) -> None:
    assert ask("/optional").json() == "nobody"
    assert ask("/required").status_code == 401


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "nonsense"])
def test_a_token_that_is_given_must_be_good_everywhere(ask: Callable[..., httpx.Response], given: str) -> None:
    for path in ("/required", "/optional"):
        answer = ask(path, authorization=given)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'

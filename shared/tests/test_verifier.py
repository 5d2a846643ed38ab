"""Access tokens: valid ones are accepted, every known forgery is refused, and keys are fetched rarely."""

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
from shared.http_client.response import RequestFailed
from shared.security.verifier import LEEWAY_SECONDS, Identity, JwksClient, TokenVerifier, fetch_from
from shared.testing import FakeTokenIssuer
from shared.testing.scripted_service import always, serving
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.forged_tokens import Forger, forgeries
from shared.web import exception_handlers
from shared.web.authentication import CurrentUser, OptionalUser

MINTER = FakeTokenIssuer()
FORGER = Forger(MINTER.key, MINTER.kid)
MADE_AT = time.time()
FORGED = dict(forgeries(FORGER))


def verify(token: str, verifier: TokenVerifier | None = None) -> Identity:
    return asyncio.run((verifier or MINTER.verifier()).verify(token))


def test_verified_token_gives_subject_login_and_expiry() -> None:
    now = int(time.time())
    found = verify(MINTER.token(subject=7, session_id=8, iat=now, exp=now + 600))
    assert found == Identity(7, 8, now + 600)


def test_signer_of_the_tests_can_write_valid_tokens() -> None:
    """Otherwise every forgery would be refused for the wrong reason."""
    assert verify(FORGER.token()).subject == 7


@pytest.mark.parametrize("seconds", [-LEEWAY_SECONDS + 1, -1, 1])
def test_small_clock_differences_are_tolerated(seconds: int) -> None:
    now = int(time.time())
    with time_machine.travel(now, tick=False):
        assert verify(FORGER.token(iat=now - 600, exp=now + seconds)).subject == 7
        assert verify(FORGER.token(iat=now + abs(seconds), exp=now + 600)).subject == 7


def test_clock_differences_above_the_leeway_are_not_tolerated() -> None:
    now = int(time.time())
    with time_machine.travel(now, tick=False):
        for token in (
            FORGER.token(iat=now - 600, exp=now - LEEWAY_SECONDS),
            FORGER.token(iat=now + LEEWAY_SECONDS + 1, exp=now + 600),
        ):
            with pytest.raises(Unauthenticated):
                verify(token)


def test_there_are_many_kinds_of_forged_tokens() -> None:
    assert len(FORGED) > 150


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_every_forged_token_is_refused(token: str) -> None:
    # At the time at which they were made: later all of them have expired and would be refused for that.
    with time_machine.travel(MADE_AT, tick=False), pytest.raises(Unauthenticated) as refusal:
        verify(token)
    assert refusal.value.code == "invalid_token"


class Issuer:
    """Serves keys, or fails, and counts its requests."""

    def __init__(self, *minters: FakeTokenIssuer) -> None:
        self.minters = list(minters)
        self.asked = 0
        self.answer: Callable[[], Awaitable[Any]] | None = None

    async def key_set(self) -> Any:
        """The keys of all its issuers, unless the test sets another response."""
        self.asked += 1
        if self.answer is not None:
            return await self.answer()
        return {"keys": [key for token_issuer in self.minters for key in (await token_issuer.key_set())["keys"]]}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock of code that waits before it fetches again."""
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


def test_keys_are_fetched_once_for_many_tokens() -> None:
    issuer = Issuer(MINTER)
    verifier = verifier_of(issuer)

    async def verify_all() -> None:
        await asyncio.gather(*(verifier.verify(MINTER.token(each)) for each in range(20)))

    asyncio.run(verify_all())
    assert issuer.asked == 1


def test_new_key_is_fetched_without_a_restart(later: Callable[[float], None]) -> None:
    issuer, new = Issuer(MINTER), minter_called("new")
    verifier = verifier_of(issuer)
    verify(MINTER.token(1), verifier)
    issuer.minters.append(new)
    later(31)
    assert verify(new.token(2), verifier).subject == 2
    assert verify(MINTER.token(1), verifier).subject == 1


def test_removed_key_is_no_longer_accepted(later: Callable[[float], None]) -> None:
    issuer, new = Issuer(MINTER), minter_called("new")
    verifier = verifier_of(issuer)
    verify(MINTER.token(1), verifier)
    issuer.minters[:] = [new]
    later(31)
    verify(new.token(2), verifier)
    with pytest.raises(Unauthenticated):
        verify(MINTER.token(1), verifier)


def test_unknown_key_ids_cause_at_most_two_fetches_a_minute(later: Callable[[float], None]) -> None:
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
    raise RequestFailed("down")


async def _nonsense() -> Any:
    return {"keys": [{"kty": "nonsense", "kid": "x"}]}


async def _no_keys() -> Any:
    return []


@pytest.mark.parametrize("answer", [_down, _nonsense, _no_keys])
def test_last_keys_are_kept_while_the_issuer_is_unavailable(
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
def test_tokens_are_verified_after_an_initial_outage_of_the_issuer(
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


@pytest.mark.parametrize(("status", "fetched"), [(200, {"keys": []}), (503, "status 503")])
def test_keys_are_fetched_over_http(status: int, fetched: Any) -> None:
    async def fetch() -> Any:
        sent = b'HTTP/1.1 %d X\r\ncontent-length: 11\r\n\r\n{"keys":[]}' % status
        async with serving(always(sent)) as (origin, _):
            try:
                return await fetch_from(f"http://{origin.authority.decode()}/.well-known/jwks.json")()
            except RequestFailed as failure:
                return str(failure)

    assert asyncio.run(fetch()) == fetched


@pytest.fixture
def ask() -> Callable[..., httpx.Response]:
    """Sends a request to a small application that returns the current user."""
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


def test_endpoint_gets_the_identity(ask: Callable[..., httpx.Response]) -> None:
    for path in ("/required", "/optional"):
        assert ask(path, **MINTER.bearer(7)).json() == ids.encode(7)
        assert ask(path, authorization=f"bearer {MINTER.token(7)}").json() == ids.encode(7)


def test_optional_endpoint_accepts_anonymous_requests(ask: Callable[..., httpx.Response]) -> None:
    assert ask("/optional").json() == "nobody"
    assert ask("/required").status_code == 401


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "nonsense"])
def test_given_token_must_be_valid_on_every_endpoint(ask: Callable[..., httpx.Response], given: str) -> None:
    for path in ("/required", "/optional"):
        answer = ask(path, authorization=given)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'

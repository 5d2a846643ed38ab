"""Providers that lie, are slow to answer, are mixed up with one another, or cannot be reached."""

from collections.abc import Callable, Iterator

import pytest

from services.auth import openid_client
from services.auth.app import NAME
from services.auth.openid_client import MAX_RESPONSE_BYTES
from services.auth.settings import Settings
from shared.events.bus import Bus
from shared.testing import LiveService
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.backends import Embedded
from shared.testing.openid_provider import Lies, OpenIdProvider, openid_provider
from shared.testing.waiting import WAIT_SECONDS

from .conftest import settings_for
from .sign_ins import PROVIDERS, authorization, finish, newcomer, serving, sign_in, start

OTHER_URI = "http://localhost:8080/login/other"
DISCOVERY = "/.well-known/openid-configuration"
HUGE = b'{"a": "' + b"a" * MAX_RESPONSE_BYTES + b'"}'


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as running:
        yield running


@pytest.fixture
def other() -> Iterator[OpenIdProvider]:
    with openid_provider("key-of-other") as running:
        yield running


@pytest.fixture
def auth(
    tmp_path_factory: pytest.TempPathFactory, provider: OpenIdProvider, other: OpenIdProvider
) -> Iterator[LiveService]:
    folder = tmp_path_factory.mktemp("lying")
    backend = Embedded(folder)
    settings: Settings = settings_for(backend, folder)
    bus: Bus = backend.bus(NAME, {}, ())
    with serving(settings, bus, provider.setting(), other.setting("other")) as service:
        yield service


DISCOVERIES: dict[str, Lies] = {
    "another issuer": Lies(discovery={"issuer": "https://evil.example"}),
    "the issuer with a slash": Lies(discovery={"issuer": "http://127.0.0.1/"}),
    "no issuer": Lies(discovery={"issuer": None}),
    "no authorization endpoint": Lies(discovery={"authorization_endpoint": None}),
    "authorization endpoint by http on another machine": Lies(
        discovery={"authorization_endpoint": "http://evil.example/authorize"}
    ),
    "authorization endpoint that runs a script": Lies(discovery={"authorization_endpoint": "javascript:alert(1)"}),
    "authorization endpoint with a user": Lies(discovery={"authorization_endpoint": "https://a@evil.example/"}),
    "token endpoint in the own network": Lies(discovery={"token_endpoint": "http://169.254.169.254/latest"}),
    "token endpoint as a file": Lies(discovery={"token_endpoint": "file:///etc/passwd"}),
    "token endpoint without a host": Lies(discovery={"token_endpoint": "/token"}),
    "keys in the own network": Lies(discovery={"jwks_uri": "http://10.0.0.1/keys"}),
    "keys as a list": Lies(discovery={"jwks_uri": ["https://evil.example"]}),
    "redirect": Lies(status={DISCOVERY: 302}),
    "status 500": Lies(status={DISCOVERY: 500}),
    "status 404": Lies(status={DISCOVERY: 404}),
    "no JSON": Lies(body={DISCOVERY: b"<html>"}),
    "a list": Lies(body={DISCOVERY: b"[]"}),
    "more than 64 KiB": Lies(body={DISCOVERY: HUGE}),
}


@pytest.mark.parametrize("kind", DISCOVERIES)
def test_discovery_that_lies_is_not_used(auth: LiveService, provider: OpenIdProvider, kind: str) -> None:
    provider.lies = DISCOVERIES[kind]
    problem = start(auth)
    expect_problem(problem, 503, "provider_unavailable")
    assert "/elsewhere" not in provider.asked, "no redirect is followed"
    assert provider.exchanges == []


def test_failed_provider_is_not_asked_by_every_request(
    auth: LiveService, provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.lies = Lies(status={DISCOVERY: 500})
    for _ in range(3):
        expect_problem(start(auth), 503, "provider_unavailable")
    assert provider.asked == [DISCOVERY]
    provider.lies = Lies()
    monkeypatch.setattr(openid_client, "RETRY_SECONDS", 0)
    assert start(auth).status_code == 200


def test_other_providers_go_on(auth: LiveService, provider: OpenIdProvider) -> None:
    provider.shutdown()
    provider.server_close()
    expect_problem(start(auth), 503, "provider_unavailable")
    assert start(auth, "other", OTHER_URI).status_code == 200
    assert len(expect_json(auth.client.get(PROVIDERS), 200)["items"]) == 2


EXCHANGES: dict[str, tuple[Lies, int, str]] = {
    "status 500": (Lies(status={"/token": 500}), 503, "provider_unavailable"),
    "redirect": (Lies(status={"/token": 302}), 503, "provider_unavailable"),
    "no JSON": (Lies(body={"/token": b"<html>"}), 503, "provider_unavailable"),
    "more than 64 KiB": (Lies(body={"/token": HUGE}), 503, "provider_unavailable"),
    "no identity token": (Lies(response={"id_token": None}), 401, "identity_refused"),
    "identity token as an object": (Lies(response={"id_token": {}}), 401, "identity_refused"),
    "client refused": (Lies(status={"/token": 401}), 401, "identity_refused"),
    "keys that are no list": (Lies(body={"/jwks": b'{"keys": {}}'}), 503, "provider_unavailable"),
    "too many keys": (Lies(keys=[{"kid": str(each)} for each in range(51)]), 503, "provider_unavailable"),
    "no keys": (Lies(status={"/jwks": 404}), 503, "provider_unavailable"),
}


@pytest.mark.parametrize("kind", EXCHANGES)
def test_exchange_that_fails_issues_no_tokens(auth: LiveService, provider: OpenIdProvider, kind: str) -> None:
    lies, status, code = EXCHANGES[kind]
    answer = provider.authorize(authorization(auth))
    provider.lies = lies
    expect_problem(finish(auth, answer), status, code)
    assert "/elsewhere" not in provider.asked
    provider.lies = Lies()
    expect_problem(finish(auth, answer), 422, "invalid_state")


def test_made_up_code_is_refused(auth: LiveService, provider: OpenIdProvider) -> None:
    answer = provider.authorize(authorization(auth))
    expect_problem(finish(auth, answer | {"code": "made up"}), 401, "identity_refused")


def test_replayed_code_is_refused(auth: LiveService, provider: OpenIdProvider) -> None:
    """Of another sign-in, with a fresh state; even if the provider accepts it again: the verifier is another one, and
    so is the nonce."""
    newcomer(auth, provider)
    used = provider.authorize(authorization(auth))
    assert finish(auth, used).status_code == 200
    fresh = provider.authorize(authorization(auth))
    expect_problem(finish(auth, fresh | {"code": used["code"]}), 401, "identity_refused")


def test_stolen_code_is_of_no_use_in_another_sign_in(auth: LiveService, provider: OpenIdProvider) -> None:
    victim = provider.authorize(authorization(auth))
    thief = provider.authorize(authorization(auth))
    expect_problem(finish(auth, thief | {"code": victim["code"]}), 401, "identity_refused")
    assert provider.exchanges[-1]["code"] == victim["code"]


def test_token_of_an_earlier_sign_in_is_refused(auth: LiveService, provider: OpenIdProvider) -> None:
    newcomer(auth, provider)
    kept: list[str] = []

    def keep(each: OpenIdProvider, header: dict[str, object], claims: dict[str, object]) -> str:
        kept.append(each.sign(header, {**claims, "at_hash": None}))
        return kept[0]

    provider.lies = Lies(token=keep)
    assert sign_in(auth, provider).status_code == 200
    expect_problem(sign_in(auth, provider), 401, "identity_refused")


def test_mixed_up_providers_are_refused(auth: LiveService, provider: OpenIdProvider, other: OpenIdProvider) -> None:
    """A state of one with a code of the other, in both ways; and a token of the other."""
    own = provider.authorize(authorization(auth))
    foreign = other.authorize(authorization(auth, "other", OTHER_URI))
    expect_problem(finish(auth, own, "other"), 422, "invalid_state")
    expect_problem(finish(auth, own | {"code": foreign["code"]}), 401, "identity_refused")
    assert other.exchanges == [], "the other provider gets no code of this one"
    expect_problem(finish(auth, foreign | {"code": own["code"]}, "other"), 401, "identity_refused")
    provider.lies = Lies(token=lambda _, header, claims: other.sign({**header, "kid": other.kid}, claims))
    expect_problem(sign_in(auth, provider), 401, "identity_refused")
    provider.lies = Lies(claims={"iss": other.issuer})
    expect_problem(sign_in(auth, provider), 401, "identity_refused")


def test_equal_subjects_of_two_providers_are_two_people(
    auth: LiveService, provider: OpenIdProvider, other: OpenIdProvider
) -> None:
    newcomer(auth, provider)
    answer = other.authorize(authorization(auth, "other", OTHER_URI), email="eve@example.org")
    expect_problem(finish(auth, answer, "other"), 409, "sign_up_required")


def test_new_key_is_fetched_once_for_many_unknown_ones(
    auth: LiveService, provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    newcomer(auth, provider)
    assert provider.asked.count("/jwks") == 1
    provider.kid = "key-2"
    del provider.key
    expect_problem(sign_in(auth, provider), 401, "identity_refused")
    assert provider.asked.count("/jwks") == 1, "the keys were fetched a moment ago"
    monkeypatch.setattr(openid_client, "REFETCH_SECONDS", 0)
    monkeypatch.setattr(openid_client, "RETRY_SECONDS", 0)
    assert sign_in(auth, provider).status_code == 200
    assert provider.asked.count("/jwks") == 2
    assert provider.asked.count(DISCOVERY) == 1


def test_kept_keys_serve_while_the_provider_does_not_give_them(
    auth: LiveService, provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    newcomer(auth, provider)
    monkeypatch.setattr(openid_client, "METADATA_SECONDS", 0)
    monkeypatch.setattr(openid_client, "RETRY_SECONDS", 0)
    provider.lies = Lies(status={DISCOVERY: 500, "/jwks": 500})
    assert sign_in(auth, provider).status_code == 200


def test_slow_provider_is_given_up(
    auth: LiveService, provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = provider.authorize(authorization(auth))

    def late(*_: object) -> tuple[int, dict[str, str]]:
        provider.stuck.wait(WAIT_SECONDS)
        return 500, {}

    auth.app.state.dependencies.providers.patience = 0.2
    monkeypatch.setattr(provider, "exchange", late)
    expect_problem(finish(auth, answer), 503, "provider_unavailable")
    provider.stuck.set()


METHODS: dict[str, Callable[[dict[str, str]], bool]] = {
    "client_secret_basic": lambda form: "client_secret" not in form,
    "client_secret_post": lambda form: form["client_id"] == "shutter" and "client_secret" in form,
}


@pytest.mark.parametrize("method", METHODS)
def test_client_authenticates_as_the_provider_asks(auth: LiveService, provider: OpenIdProvider, method: str) -> None:
    provider.lies = Lies(discovery={"token_endpoint_auth_methods_supported": [method]})
    expect_problem(sign_in(auth, provider), 409, "sign_up_required")
    assert METHODS[method](provider.exchanges[-1])

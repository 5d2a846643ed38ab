"""Sign-ins with a provider, for the tests of auth."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from pydantic import SecretStr

from services.auth.app import create_app
from services.auth.settings import Settings
from shared.events.bus import Bus
from shared.testing import LiveService, eventually, running_service
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.openid_provider import OpenIdProvider
from shared.testing.waiting import WAIT_SECONDS

from .factories import PASSWORD, Person, bearer

PROVIDERS, IDENTITIES = "/api/v1/auth/providers", "/api/v1/users/me/identities"
REDIRECT_URI = "http://localhost:8080/login/test"
Json = dict[str, Any]


def with_providers(settings: Settings, *entries: Json) -> Settings:
    """The same settings with these providers."""
    return settings.model_copy(update={"oidc_providers": SecretStr(json.dumps(entries))})


@contextmanager
def serving(settings: Settings, bus: Bus, *entries: Json) -> Iterator[LiveService]:
    """The service with these providers."""
    app = create_app(with_providers(settings, *entries), bus)
    app.state.dependencies.providers.patience = WAIT_SECONDS
    with running_service(app) as service:
        eventually(lambda: service.client.get("/.well-known/jwks.json").status_code == 200)
        yield service


def start(auth: LiveService, provider: str = "test", redirect_uri: str = REDIRECT_URI) -> httpx.Response:
    return auth.client.post(f"{PROVIDERS}/{provider}/start", json={"redirect_uri": redirect_uri})


def authorization(auth: LiveService, provider: str = "test", redirect_uri: str = REDIRECT_URI) -> str:
    return str(expect_json(start(auth, provider, redirect_uri), 200)["authorization_url"])


def finish(auth: LiveService, answer: Json, provider: str = "test", **more: Any) -> httpx.Response:
    return auth.client.post(f"{PROVIDERS}/{provider}/finish", json={**answer, **more})


def sign_in(auth: LiveService, provider: OpenIdProvider, **about: Any) -> httpx.Response:
    """The whole way, with these claims."""
    return finish(auth, provider.authorize(authorization(auth), **about))


def sign_up(auth: LiveService, continuation: str, nickname: str = "ada", **more: Any) -> httpx.Response:
    body = {"continuation": continuation, "nickname": nickname, "name": "Ada Lovelace", **more}
    return auth.client.post(f"{PROVIDERS}/test/sign-up", json=body)


def continuation(auth: LiveService, provider: OpenIdProvider, code: str = "sign_up_required", **about: Any) -> str:
    """Of an identity that no account has."""
    return str(expect_problem(sign_in(auth, provider, **about), 409, code)["continuation"])


def newcomer(auth: LiveService, provider: OpenIdProvider, nickname: str = "ada", **about: Any) -> Person:
    """Somebody who has signed up with the provider, and has no password."""
    answer = expect_json(sign_up(auth, continuation(auth, provider, **about), nickname))
    return Person(answer, answer)


def link(auth: LiveService, person: Person, continuation: str, provider: str = "test", **proof: Any) -> httpx.Response:
    body = {"continuation": continuation, **(proof or {"current_password": PASSWORD})}
    return auth.client.put(f"{IDENTITIES}/{provider}", json=body, headers=person.bearer)


def unlink(auth: LiveService, person: Person, provider: str = "test") -> httpx.Response:
    return auth.client.delete(f"{IDENTITIES}/{provider}", headers=person.bearer)


def linked(auth: LiveService, person: Person) -> list[Json]:
    return list(expect_json(auth.client.get(IDENTITIES, headers=person.bearer), 200)["items"])


def account(auth: LiveService, tokens: Json) -> Json:
    return expect_json(auth.client.get("/api/v1/users/me", headers=bearer(tokens)), 200)

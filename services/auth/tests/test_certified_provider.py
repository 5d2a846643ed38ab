"""Signing in with oidc-provider, an OpenID provider that is certified by the OpenID Foundation."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest

from services.auth.settings import Settings
from shared.events.bus import Bus
from shared.testing import LiveService, eventually
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.node import workspace
from shared.testing.ports import free_port
from shared.testing.waiting import WAIT_SECONDS

from .sign_ins import REDIRECT_URI, account, authorization, finish, serving, sign_up

pytestmark = pytest.mark.node
SOURCES = Path(__file__).with_name("certified_provider")
SECRET = "of the client: %+&"
CLIENTS = {
    "confidential": {"client_secret": SECRET},
    "public": {"token_endpoint_auth_method": "none"},
    "PS256": {"client_secret": SECRET, "id_token_signed_response_alg": "PS256"},
    "ES256": {"client_secret": SECRET, "id_token_signed_response_alg": "ES256"},
    "Ed25519": {"client_secret": SECRET, "id_token_signed_response_alg": "Ed25519"},
}
Json = dict[str, Any]


@dataclass
class CertifiedProvider:
    """A running one. `agree` and `cancel` are what a person does in the browser."""

    issuer: str

    def setting(self, client_id: str) -> Json:
        """The entry of OIDC_PROVIDERS for this client."""
        entry = {"id": "test", "name": "Test", "issuer": self.issuer, "client_id": client_id}
        secret = CLIENTS[client_id].get("client_secret")
        return entry | {"redirect_uris": [REDIRECT_URI]} | ({"client_secret": secret} if secret else {})

    def agree(self, authorization_url: str, login: str) -> Json:
        """Log in with this name and consent. Returns what the browser brings back."""

        def submit(browser: httpx.Client, page: httpx.Response) -> httpx.Response:
            prompt = _found(r'name="prompt" value="(\w+)"', page)
            form = {"prompt": prompt, "login": login, "password": "any"}
            return browser.post(_found(r'action="([^"]+)"', page), data=form)

        return self._follow(authorization_url, submit)

    def cancel(self, authorization_url: str) -> Json:
        return self._follow(authorization_url, lambda browser, page: browser.get(_found(r'href="([^"]+/abort)"', page)))

    def _follow(
        self, url: str, act: Callable[[httpx.Client, httpx.Response], httpx.Response], most_pages: int = 20
    ) -> Json:
        with httpx.Client(timeout=WAIT_SECONDS) as browser:
            page = browser.get(url)
            for _ in range(most_pages):
                if not page.is_redirect:
                    page = act(browser, page.raise_for_status())
                    continue
                target = urljoin(str(page.url), page.headers["location"])
                if target.startswith(REDIRECT_URI):
                    return dict(parse_qsl(urlsplit(target).query))
                page = browser.get(target)
        raise AssertionError(f"the browser stays at {page.url}")


def _found(pattern: str, page: httpx.Response) -> str:
    match = re.search(pattern, page.text)
    assert match, page.text
    return match[1]


@contextmanager
def certified_provider(folder: Path, *, claims_in_id_token: bool) -> Iterator[CertifiedProvider]:
    port = free_port()
    clients = [{"client_id": name, **about} for name, about in CLIENTS.items()]
    about = json.dumps({"port": port, "clients": clients, "claimsInIdToken": claims_in_id_token})
    provider = CertifiedProvider(f"http://127.0.0.1:{port}")
    sources = workspace(SOURCES, folder)
    with (folder / "log").open("wb") as log, subprocess.Popen(
        ["node", "provider.mjs", about], cwd=sources, stdin=subprocess.DEVNULL, stdout=log, stderr=log
    ) as process:  # fmt: skip
        try:
            eventually(lambda: _answers(provider.issuer) or process.poll() is not None)
            assert process.poll() is None, (folder / "log").read_text()
            yield provider
        finally:
            process.kill()


def _answers(issuer: str) -> bool:
    try:
        return httpx.get(f"{issuer}/.well-known/openid-configuration", timeout=WAIT_SECONDS).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CertifiedProvider]:
    with certified_provider(tmp_path_factory.mktemp("provider"), claims_in_id_token=True) as running:
        yield running


@pytest.fixture
def auth(
    settings: Settings, bus: Bus, provider: CertifiedProvider, request: pytest.FixtureRequest
) -> Iterator[LiveService]:
    with serving(settings, bus, provider.setting(getattr(request, "param", "confidential"))) as service:
        yield service


@pytest.mark.parametrize("auth", CLIENTS, indirect=True)
def test_new_user_signs_up_and_signs_in_again(auth: LiveService, provider: CertifiedProvider) -> None:
    refusal = expect_problem(finish(auth, _answer(auth, provider)), 409, "sign_up_required")
    assert (refusal["email"], refusal["name"]) == ("ada@example.org", "Name of ada")
    first = expect_json(sign_up(auth, refusal["continuation"]), 201)
    again = expect_json(finish(auth, _answer(auth, provider)), 200)
    assert account(auth, again)["id"] == account(auth, first)["id"]
    expect_problem(finish(auth, _answer(auth, provider, "max")), 409, "sign_up_required")


def test_code_is_accepted_once(auth: LiveService, provider: CertifiedProvider) -> None:
    answer = _answer(auth, provider)
    expect_problem(finish(auth, answer), 409, "sign_up_required")
    expect_problem(finish(auth, answer), 422, "invalid_state")


def test_code_of_another_sign_in_is_refused(auth: LiveService, provider: CertifiedProvider) -> None:
    """Its PKCE verifier and its nonce are others."""
    mine, theirs = _answer(auth, provider, "ada"), _answer(auth, provider, "eve")
    assert finish(auth, {**mine, "code": theirs["code"]}).status_code == 401


def test_cancelled_sign_in_has_an_error_and_no_code(auth: LiveService, provider: CertifiedProvider) -> None:
    answer = provider.cancel(authorization(auth))
    assert answer["error"] == "access_denied" and answer["state"] and "code" not in answer


def test_provider_that_tells_no_address_in_the_identity_token(settings: Settings, bus: Bus, tmp_path: Path) -> None:
    with (
        certified_provider(tmp_path, claims_in_id_token=False) as provider,
        serving(settings, bus, provider.setting("confidential")) as auth,
    ):
        refusal = expect_problem(finish(auth, _answer(auth, provider)), 409, "sign_up_required")
        assert refusal.get("email") is None
        expect_problem(sign_up(auth, refusal["continuation"]), 422, "email_required", "/email")
        expect_json(sign_up(auth, refusal["continuation"], email="ada@example.org"), 201)


def _answer(auth: LiveService, provider: CertifiedProvider, login: str = "ada") -> Json:
    answer = provider.agree(authorization(auth), login)
    return {"code": answer["code"], "state": answer["state"]}

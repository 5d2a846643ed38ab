"""Requests about passkeys, for the tests of auth."""

from typing import Any

import httpx

from shared.testing import LiveService
from shared.testing.api_client import expect_json

from .authenticator import Authenticator
from .factories import PASSWORD, Person

PASSKEYS = "/api/v1/auth/passkeys"


def begin(auth: LiveService, person: Person, **proof: Any) -> httpx.Response:
    """Ask for options of a registration, by default with the password."""
    body = proof or {"current_password": PASSWORD}
    return auth.client.post(f"{PASSKEYS}/registration", json=body, headers=person.bearer)


def finish(auth: LiveService, person: Person, answer: dict[str, Any], name: str = "phone") -> httpx.Response:
    body = {"name": name, "passkey": answer}
    return auth.client.post(f"{PASSKEYS}/registration/verify", json=body, headers=person.bearer)


def register(
    auth: LiveService, person: Person, authenticator: Authenticator | None = None, name: str = "phone"
) -> tuple[Authenticator, dict[str, Any]]:
    """A registered authenticator, and the passkey as the response has it."""
    authenticator = authenticator or Authenticator()
    options = expect_json(begin(auth, person), 200)
    return authenticator, expect_json(finish(auth, person, authenticator.create(options), name))


def login_options(auth: LiveService) -> dict[str, Any]:
    return expect_json(auth.client.post(f"{PASSKEYS}/login"), 200)


def log_in(auth: LiveService, answer: dict[str, Any], **more: Any) -> httpx.Response:
    return auth.client.post(f"{PASSKEYS}/login/verify", json={"passkey": answer, **more})


def proof(auth: LiveService, person: Person, authenticator: Authenticator, **said: Any) -> dict[str, Any]:
    """A passkey instead of the password: the field of the body."""
    options = auth.client.post(f"{PASSKEYS}/reauthentication", headers=person.bearer)
    return {"passkey": authenticator.get(expect_json(options, 200), **said)}


def list_passkeys(auth: LiveService, person: Person) -> list[dict[str, Any]]:
    return list(expect_json(auth.client.get(PASSKEYS, headers=person.bearer), 200)["items"])


def remove(auth: LiveService, person: Person, passkey_id: str, **proof: Any) -> httpx.Response:
    body = proof or {"current_password": PASSWORD}
    return auth.client.request("DELETE", f"{PASSKEYS}/{passkey_id}", json=body, headers=person.bearer)


def event_types(auth: LiveService, person: Person) -> list[str]:
    """The types of the audit log's entries, newest first."""
    events = auth.client.get("/api/v1/auth/events", headers=person.bearer)
    return [each["type"] for each in expect_json(events, 200)["items"]]

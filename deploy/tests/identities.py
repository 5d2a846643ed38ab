"""Identities of users at a provider, for tests through the gateway.

The provider runs in the process of the tests. Another process that shares the instance, such as Schemathesis, gets
the answers of the provider by HTTP from the first one.
"""

import json
from collections.abc import Callable
from functools import cache
from secrets import token_hex
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from deploy.tests.journeys.person import Person, fresh_email, fresh_nickname
from deploy.tests.journeys.responses import answer, refusal
from shared.testing import eventually
from shared.testing.openid_provider import OpenIdProvider
from shared.testing.waiting import WAIT_SECONDS

PROVIDER = "test"
REDIRECT_URI = "http://localhost:8080/login/test"


@cache
def provider() -> OpenIdProvider:
    """Runs until the process ends."""
    running = OpenIdProvider()
    Thread(target=running.serve_forever, daemon=True).start()
    return running


def settings(redirect_uri: str = REDIRECT_URI, other: OpenIdProvider | None = None) -> dict[str, str]:
    """The variables of an instance that has this provider, or another one."""
    return {"OIDC_PROVIDERS": json.dumps([(other or provider()).setting(PROVIDER, redirect_uris=[redirect_uri])])}


def start_body() -> dict[str, str]:
    return {"redirect_uri": REDIRECT_URI}


def brought_back(person: Person, **about: Any) -> dict[str, str]:
    """The code and the state of a new sign-in of somebody with these claims."""
    url = answer(_when_reached(lambda: _sent(person, "start", start_body())))["authorization_url"]
    query = "&".join(f"{name}={value}" for name, value in about.items())
    gone = httpx.get(f"{url}&{query}", timeout=WAIT_SECONDS)
    return {name: values[0] for name, values in parse_qs(urlsplit(gone.headers["location"]).query).items()}


def _sent(person: Person, step: str, body: dict[str, str]) -> httpx.Response:
    return person.send("POST", f"/auth/providers/{PROVIDER}/{step}", json=body)


def _when_reached(send: Callable[[], httpx.Response]) -> httpx.Response:
    """The response once auth has reached the provider, which may take longer than auth waits on a slow machine."""
    responses = []

    def is_reached() -> bool:
        responses.append(send())
        return responses[-1].status_code != httpx.codes.SERVICE_UNAVAILABLE

    eventually(is_reached)
    return responses[-1]


def answer_of(person: Person) -> dict[str, str]:
    """The body that finishes a sign-in of this user, whose identity is linked."""
    return brought_back(person, sub=subject_of(person), email=fresh_email())


def continuation(person: Person, subject: str) -> str:
    """Of a new identity."""
    about = {"sub": subject, "email": fresh_email()}
    response = _when_reached(lambda: _sent(person, "finish", brought_back(person, **about)))
    return str(refusal(response, 409)["continuation"])


def linked(person: Person) -> str:
    """Link an identity to this user. Returns the continuation."""
    text = continuation(person, subject_of(person))
    body = {"current_password": person.password, "continuation": text}
    answer(person.send("PUT", f"/users/me/identities/{PROVIDER}", json=body))
    return text


def new_person(person: Person) -> dict[str, str]:
    """The body of a sign-up; `person` only sends the requests before it."""
    return {"continuation": continuation(person, token_hex(8)), "nickname": fresh_nickname(), "name": "Jo"}


def subject_of(person: Person) -> str:
    """The subject of this user at the provider."""
    return f"subject-of-{person.id}"

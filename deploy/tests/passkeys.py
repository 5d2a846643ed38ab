"""Passkeys of users, for tests through the gateway. The instance has no `PUBLIC_URL` and listens on this machine."""

from dataclasses import dataclass, field
from typing import Any

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer
from services.auth.tests.authenticator import Authenticator


@dataclass
class Passkey:
    """A passkey of a user, and the authenticator that holds it."""

    id: str = ""
    authenticator: Authenticator = field(default_factory=Authenticator)

    def answer_to(self, options: Any) -> dict[str, Any]:
        """The answer to options of a login or a reauthentication."""
        return self.authenticator.get(options)


def new_passkey(person: Person) -> dict[str, Any]:
    """The body that registers a passkey of this user."""
    return _created(person, _authenticator(person))


def register(person: Person) -> Passkey:
    """A registered passkey of this user."""
    authenticator = _authenticator(person)
    body = _created(person, authenticator)
    registered = answer(person.send("POST", "/auth/passkeys/registration/verify", json=body), 201)
    return Passkey(registered["id"], authenticator)


def login_answer(person: Person, passkey: Passkey) -> dict[str, Any]:
    """The body of a login with this passkey."""
    return {"passkey": passkey.answer_to(answer(person.send("POST", "/auth/passkeys/login")))}


def _authenticator(person: Person) -> Authenticator:
    return Authenticator(origin=f"http://localhost:{person.web.base_url.port}")


def _created(person: Person, authenticator: Authenticator) -> dict[str, Any]:
    proof = {"current_password": person.password}
    options = answer(person.send("POST", "/auth/passkeys/registration", json=proof))
    return {"name": "phone", "passkey": authenticator.create(options)}

"""An HTTP client that repeats requests without a response, if repeating is safe."""

import random
import time
from dataclasses import dataclass
from typing import Any

import httpx
import pyotp

from chaos.history import ACKED, REFUSED, UNKNOWN, History, Outcome, Person
from chaos.pace import Pace
from shared.security.service_calls import ssl_context_for

API = "/api/v1"
GIVE_UP_SECONDS = 300.0  # longer than any fault, on a slow machine too
MAX_CODES = 4
"""Of the second factor, for one login."""
_LATER = (429, 502, 503, 504)


@dataclass(frozen=True)
class Reply:
    """The last response to a request, and what it means after earlier attempts."""

    outcome: Outcome
    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))


class Client:
    """One connection to the gateway, for one thread."""

    def __init__(self, base_url: str, history: History, chance: random.Random, pace: Pace | None = None) -> None:
        self.base_url = base_url
        self.history = history
        self.unanswered = 0
        """Requests without a response so far."""
        self._chance = chance
        self._pace = pace
        self._http = httpx.Client(
            base_url=base_url, timeout=httpx.Timeout(20.0, connect=3.0), verify=ssl_context_for(base_url)
        )

    def close(self) -> None:
        self._http.close()

    def another(self) -> "Client":
        """A second connection of the same thread, for a thread of its own."""
        return Client(self.base_url, self.history, self._chance, self._pace)

    def ask(self, person: Person | None, method: str, path: str, **sent: Any) -> Reply:
        """Repeat until the outcome is certain, or the time is over. Only for requests that may be repeated."""
        doubted, signed_in, ends = False, False, time.monotonic() + GIVE_UP_SECONDS
        while True:
            reply = self._once(person, method, path, sent)
            if reply.status == 401 and person is not None and person.living and not signed_in:
                signed_in = self.log_in(person, person.token)
                continue
            again = reply.outcome is UNKNOWN or reply.code == "idempotency_in_progress"
            doubted = doubted or again
            self.unanswered += again
            if not again:
                doubtful = doubted and reply.outcome is REFUSED
                return Reply(UNKNOWN, reply.status, reply.body) if doubtful else reply
            if time.monotonic() > ends:
                return Reply(UNKNOWN, reply.status, reply.body)
            time.sleep(self._chance.uniform(0.1, 0.6))

    def sign_up(self, person: Person) -> bool:
        """Returns whether the account exists. On a repetition, a taken name means that the first attempt succeeded."""
        reply = self.ask(None, "POST", "/auth/signup", json=person.account())
        if reply.status not in (201, 409):
            return False
        self.history.people.append(person)
        if not self.log_in(person, ""):
            return False
        person.id = reply.body.get("id") or self.ask(person, "GET", "/users/me").body.get("id", "")
        return bool(person.id)

    def log_in(self, person: Person, instead_of: str) -> bool:
        """Returns whether the user has a new access token."""
        with person.signing_in:
            if person.token != instead_of:
                return True
            reply = self._exchange_credentials(person)
            if reply.outcome is ACKED:
                person.token = reply.body["access_token"]
            elif person.living:
                self.history.surprises.append(f"{person.mark} lives and cannot log in: {reply.status} {reply.code}")
            return reply.outcome is ACKED

    def withdraw(self, person: Person) -> None:
        """After an unknown outcome, a refused login means that it succeeded."""
        person.withdrawal = UNKNOWN
        for _ in range(3):
            reply = self.ask(person, "POST", "/users/me/deletion", json={"current_password": person.password})
            if reply.outcome is ACKED:
                person.withdrawal = ACKED
            if reply.status != 401:
                break
            again = self._exchange_credentials(person)
            if again.outcome is not ACKED:
                person.withdrawal = ACKED if again.code == "invalid_credentials" else UNKNOWN
                break
            person.token = again.body["access_token"]  # the previous one had expired
        if person.withdrawal is not ACKED and reply.outcome is REFUSED:
            self.history.surprises.append(f"{person.mark} may not withdraw: {reply.status} {reply.code}")

    def _exchange_credentials(self, person: Person) -> Reply:
        """Log in. A code of the second factor is good once: instead of one that was used, the next one is awaited."""
        known = {"identifier": person.mark, "password": person.password}
        for _ in range(MAX_CODES):
            totp = pyotp.TOTP(person.totp_secret) if person.totp_secret else None
            reply = self.ask(None, "POST", "/auth/login", json=known | ({"otp": totp.now()} if totp else {}))
            if totp is None or reply.code != "invalid_otp":
                break
            time.sleep(totp.interval - time.time() % totp.interval)
        return reply

    def _once(self, person: Person | None, method: str, path: str, sent: dict[str, Any]) -> Reply:
        headers = dict(sent.get("headers", {}))
        if person is not None:
            headers["authorization"] = f"Bearer {person.token}"
        if self._pace is not None:
            self._pace.wait()
        began = time.time()
        try:
            answer = self._http.request(method, f"{API}{path}", **{**sent, "headers": headers})
            reply = Reply(_outcome(answer.status_code), answer.status_code, answer.json() if answer.content else {})
        except (httpx.HTTPError, ValueError) as problem:
            reply = Reply(UNKNOWN, 0, {"code": repr(problem)})
        self.history.count(reply.outcome, f"{method} {path}: {reply.status} {reply.code}", began)
        if reply.status == 500:
            self.history.surprises.append(f"500 to {method} {path}: {reply.code}")
        return reply


def _outcome(status: int) -> Outcome:
    if status < 300:
        return ACKED
    return UNKNOWN if status in _LATER or status == 500 else REFUSED

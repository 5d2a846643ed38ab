"""An HTTP client that repeats requests without a response, where repeating is safe."""

import random
import time
from dataclasses import dataclass
from typing import Any

import httpx

from chaos.history import ACKED, REFUSED, UNKNOWN, History, Outcome, Person

API = "/api/v1"
GIVE_UP_SECONDS = 90.0  # longer than any fault
_LATER = (429, 502, 503, 504)


@dataclass(frozen=True)
class Reply:
    """The last answer to a request, and what it means after those before it."""

    outcome: Outcome
    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))


class Client:
    """One connection to the gateway, for one thread."""

    def __init__(self, base_url: str, history: History, chance: random.Random) -> None:
        self.base_url = base_url
        self.history = history
        self.unanswered = 0
        """Requests so far that had no answer."""
        self._chance = chance
        self._http = httpx.Client(base_url=base_url, timeout=httpx.Timeout(20.0, connect=3.0))

    def close(self) -> None:
        self._http.close()

    def ask(self, person: Person | None, method: str, path: str, **sent: Any) -> Reply:
        """Until the answer is certain, or patience ends. Only for what may be repeated."""
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
        """Whether they are let in. A repeat of what had been done says that the name is taken: by themselves."""
        reply = self.ask(None, "POST", "/auth/signup", json=person.account())
        if reply.status not in (201, 409):
            return False
        self.history.people.append(person)
        if not self.log_in(person, ""):
            return False
        person.id = reply.body.get("id") or self.ask(person, "GET", "/users/me").body.get("id", "")
        return bool(person.id)

    def log_in(self, person: Person, instead_of: str) -> bool:
        """Whether they have another access token than this one."""
        with person.signing_in:
            if person.token != instead_of:
                return True
            known = {"identifier": person.mark, "password": person.password}
            reply = self.ask(None, "POST", "/auth/login", json=known)
            if reply.outcome is ACKED:
                person.token = reply.body["access_token"]
            elif person.living:
                self.history.surprises.append(f"{person.mark} lives and cannot log in: {reply.status} {reply.code}")
            return reply.outcome is ACKED

    def withdraw(self, person: Person) -> None:
        """For good. After an unknown outcome, being no longer let in tells that it was done."""
        person.withdrawal = UNKNOWN
        known = {"identifier": person.mark, "password": person.password}
        for _ in range(3):
            reply = self.ask(person, "POST", "/users/me/deletion", json={"current_password": person.password})
            if reply.outcome is ACKED:
                person.withdrawal = ACKED
            if reply.status != 401:
                break
            again = self.ask(None, "POST", "/auth/login", json=known)
            if again.outcome is not ACKED:
                person.withdrawal = ACKED if again.status == 401 else UNKNOWN
                break
            person.token = again.body["access_token"]  # the one of before had expired
        if person.withdrawal is not ACKED and reply.outcome is REFUSED:
            self.history.surprises.append(f"{person.mark} may not withdraw: {reply.status} {reply.code}")

    def _once(self, person: Person | None, method: str, path: str, sent: dict[str, Any]) -> Reply:
        headers = dict(sent.get("headers", {}))
        if person is not None:
            headers["authorization"] = f"Bearer {person.token}"
        try:
            answer = self._http.request(method, f"{API}{path}", **{**sent, "headers": headers})
            reply = Reply(_outcome(answer.status_code), answer.status_code, answer.json() if answer.content else {})
        except (httpx.HTTPError, ValueError):
            reply = Reply(UNKNOWN, 0, {})
        self.history.count(reply.outcome)
        if reply.status == 500:
            self.history.surprises.append(f"500 to {method} {path}: {reply.code}")
        return reply


def _outcome(status: int) -> Outcome:
    if status < 300:
        return ACKED
    return UNKNOWN if status in _LATER or status == 500 else REFUSED

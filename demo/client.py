"""Makes the demo's requests as any client would: with a time limit, patient when asked to wait, but not for ever."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from demo.image_files import File

from .people import PASSWORD, Person

API = "/api/v1"
TRIES = 6
LONGEST_WAIT = 30
TIMEOUT = httpx.Timeout(60, connect=5)


class Stopped(Exception):
    """The demo cannot go on. Its message is a sentence for whoever started it."""


class Refused(Exception):
    """The instance said no, with this code."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.code = _problem(answer).get("code")
        super().__init__(f"{answer.request.method} {answer.request.url.path}: {self.status} {self.code}")


@dataclass(slots=True)
class Guest:
    """Somebody who is logged in."""

    person: Person
    id: str
    token: str


@dataclass(slots=True)
class Visitor:
    base_url: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=TIMEOUT))

    def greet(self) -> None:
        """Is anybody there?"""
        try:
            self.http.get(f"{self.base_url}/healthz", timeout=5)
        except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol) as cause:
            raise Stopped(
                f"Nothing answers at {self.base_url}: start it with `make run` in another terminal, "
                "or tell where it is with BASE_URL=http://..."
            ) from cause

    def ask(
        self,
        method: str,
        path: str,
        guest: Guest | None = None,
        body: object = None,
        file: File | None = None,
    ) -> Any:
        """The answer's JSON. Refused when it is a no, Stopped when there is no use in going on."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        for _ in range(TRIES):
            answer = self._once(method, path, guest, headers, body, file)
            if answer is None or answer.status_code in (429, 502, 503, 504):
                time.sleep(_wait(answer))
            elif answer.status_code == 401 and guest is not None:
                guest.token = self.token(guest.person)
            elif answer.is_success:
                return answer.json() if answer.content else None
            else:
                raise Refused(answer)
        raise Stopped(
            f"{self.base_url} is too busy or has gone away ({method} {path}). "
            "Run the demo again later: it goes on where it stopped."
        )

    def token(self, person: Person) -> str:
        login = {"identifier": person.email, "password": PASSWORD, "device": "demo"}
        return str(self.ask("POST", "/auth/login", body=login)["access_token"])

    def every(self, path: str, guest: Guest | None = None) -> Iterator[Any]:
        """All items of a list, page after page."""
        url: str | None = f"{path}?limit=100"
        while url:
            page = self.ask("GET", url, guest)
            yield from page["items"]
            url = f"{path}?limit=100&cursor={page['next_cursor']}" if page["next_cursor"] else None

    def _once(
        self,
        method: str,
        path: str,
        guest: Guest | None,
        headers: dict[str, str],
        body: object,
        file: File | None,
    ) -> httpx.Response | None:
        """None when the connection broke."""
        bearer = {"Authorization": f"Bearer {guest.token}"} if guest else {}
        files = {"file": (file.name, file.data, file.content_type)} if file else None
        data = {"alt": file.alt} if file and method == "POST" else None
        try:
            return self.http.request(
                method, f"{self.base_url}{API}{path}", headers=headers | bearer, json=body, files=files, data=data
            )
        except httpx.TransportError:
            return None


def _wait(answer: httpx.Response | None) -> float:
    asked = answer.headers.get("Retry-After", "1") if answer is not None else "1"
    if not asked.isdecimal():
        return 1
    if int(asked) > LONGEST_WAIT:
        raise Stopped(f"The instance takes no more requests for {asked} seconds. Run the demo again after that.")
    return max(1, int(asked))


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}

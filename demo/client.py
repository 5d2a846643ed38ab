"""An HTTP client that waits and repeats requests as the server asks, a limited number of times."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from demo.image_files import ImageFile

from .people import PASSWORD, Person

API = "/api/v1"
MAX_ATTEMPTS = 6
MAX_WAIT_SECONDS = 30
TIMEOUT = httpx.Timeout(60, connect=5)


class SeedingAborted(Exception):
    """Seeding cannot continue; the message says why."""


class RequestRejected(Exception):
    """The instance rejected a request."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.code = _problem(answer).get("code")
        super().__init__(f"{answer.request.method} {answer.request.url.path}: {self.status} {self.code}")


@dataclass(slots=True)
class DemoUser:
    """A sample user with an access token."""

    person: Person
    id: str
    token: str


@dataclass(slots=True)
class ApiClient:
    base_url: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=TIMEOUT))

    def check_reachable(self) -> None:
        try:
            self.http.get(f"{self.base_url}/healthz", timeout=5)
        except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol) as cause:
            raise SeedingAborted(
                f"Nothing answers at {self.base_url}: start it with `make run` in another terminal, "
                "or set BASE_URL=http://..."
            ) from cause

    def ask(
        self,
        method: str,
        path: str,
        user: DemoUser | None = None,
        body: object = None,
        file: ImageFile | None = None,
    ) -> Any:
        """The JSON of the response. Raises RequestRejected, or SeedingAborted if repeating does not help."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        for _ in range(MAX_ATTEMPTS):
            answer = self._once(method, path, user, headers, body, file)
            if answer is None or answer.status_code in (429, 502, 503, 504):
                time.sleep(_wait(answer))
            elif answer.status_code == 401 and user is not None:
                user.token = self.token(user.person)
            elif answer.is_success:
                return answer.json() if answer.content else None
            else:
                raise RequestRejected(answer)
        raise SeedingAborted(
            f"{self.base_url} is overloaded or unreachable ({method} {path}). "
            "Run the demo again later: it continues where it stopped."
        )

    def token(self, person: Person) -> str:
        login = {"identifier": person.email, "password": PASSWORD, "device": "demo"}
        return str(self.ask("POST", "/auth/login", body=login)["access_token"])

    def every(self, path: str, user: DemoUser | None = None) -> Iterator[Any]:
        """All items of a list, page after page."""
        url: str | None = f"{path}?limit=100"
        while url:
            page = self.ask("GET", url, user)
            yield from page["items"]
            url = f"{path}?limit=100&cursor={page['next_cursor']}" if page["next_cursor"] else None

    def _once(
        self,
        method: str,
        path: str,
        user: DemoUser | None,
        headers: dict[str, str],
        body: object,
        file: ImageFile | None,
    ) -> httpx.Response | None:
        """None if the connection broke."""
        bearer = {"Authorization": f"Bearer {user.token}"} if user else {}
        files = {"file": (file.name, file.data, file.media_type)} if file else None
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
    if int(asked) > MAX_WAIT_SECONDS:
        raise SeedingAborted(f"The instance takes no more requests for {asked} seconds. Run the demo again after that.")
    return max(1, int(asked))


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}

"""Every request and its outcome, as the clients saw it: the only input of the checks about what must exist."""

import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

MARK = "zq"  # prefix of every name, email, password and text of a run, so that traces can be found


class Outcome(Enum):
    """What the client knows of a request."""

    ACKED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


ACKED, REFUSED, UNKNOWN = Outcome


@dataclass
class Person:
    """A user of the traffic. All personal data contains `mark`."""

    mark: str = field(default_factory=lambda: MARK + secrets.token_hex(7))
    phone: str | None = None
    id: str = ""
    token: str = ""
    totp_secret: str = ""
    """Of the second factor, which may not be confirmed; a login sends a code anyway."""
    second_factor: Outcome | None = None
    """Of its confirmation."""
    export: Outcome | None = None
    """Of the request for an export of the user's data."""
    withdrawal: Outcome | None = None
    signing_in: threading.Lock = field(default_factory=threading.Lock)

    @property
    def living(self) -> bool:
        return self.withdrawal is None

    @property
    def gone(self) -> bool:
        return self.withdrawal is ACKED

    @property
    def password(self) -> str:
        return f"{self.mark}-secret"

    def account(self) -> dict[str, str]:
        known = {"email": f"{self.mark}@example.org", "name": f"N {self.mark}", "nickname": self.mark}
        return {**known, "password": self.password} | ({"phone": self.phone} if self.phone else {})


@dataclass
class Written:
    """A post, a comment, a message or a photo shown in a room. Its text, of a photo its id, is unlike every other."""

    kind: str
    author: Person
    place: str
    """The post of a comment, the room of a message or a photo."""
    text: str
    outcome: Outcome = UNKNOWN
    id: str = ""
    began: float = 0.0
    """When its request was first sent, and when its outcome was known: seconds since the epoch."""
    ended: float = 0.0


@dataclass(frozen=True)
class Failure:
    """A request without a response, or with one that says that the server failed. It was repeated."""

    what: str
    began: float
    ended: float
    """Seconds since the epoch."""


@dataclass
class DesiredState:
    """Whether a follow or a like should exist. Frozen once the outcome of a request is unknown."""

    wanted: bool
    outcome: Outcome = UNKNOWN
    frozen: bool = False


class History:
    """Filled by many threads; each entry is only changed by the thread that added it."""

    def __init__(self) -> None:
        self.people: list[Person] = []
        self.written: list[Written] = []
        self.follows: dict[tuple[str, str], DesiredState] = {}
        self.likes: dict[tuple[str, str], DesiredState] = {}
        self.rooms: dict[frozenset[str], str] = {}
        self.requests: Counter[Outcome] = Counter()
        self.failures: list[Failure] = []
        self.durations: list[float] = []  # of each request, in seconds
        self.surprises: list[str] = []  # responses that must never occur
        self._lock = threading.Lock()

    def count(self, outcome: Outcome, what: str, began: float) -> None:
        """Add a request that began at this time and has ended now."""
        ended = time.time()
        with self._lock:
            self.requests[outcome] += 1
            self.durations.append(ended - began)
            if outcome is UNKNOWN:
                self.failures.append(Failure(what, began, ended))

    @property
    def withdrawals(self) -> int:
        return sum(person.gone for person in list(self.people))

    def by_id(self) -> dict[str, Person]:
        return {person.id: person for person in self.people if person.id}

    def wait_for(self, withdrawals: int, until: float) -> None:
        """Return after this number of withdrawals, or at this time of the monotonic clock."""
        while self.withdrawals < withdrawals and time.monotonic() < until:
            time.sleep(0.5)

"""What was asked and what was answered: everything that the verdict may rely on, and nothing else."""

import secrets
import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

MARK = "zq"
"""Every nickname, name, email, password and text of a run begins with it, so that a trace of anybody can be found."""


class Outcome(Enum):
    """What the client knows of a request."""

    ACKED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


ACKED, REFUSED, UNKNOWN = Outcome


@dataclass
class Person:
    """Somebody of the traffic. Everything that tells of them holds their mark."""

    mark: str = field(default_factory=lambda: MARK + secrets.token_hex(7))
    phone: str | None = None
    id: str = ""
    token: str = ""
    withdrawal: Outcome | None = None
    signing_in: threading.Lock = field(default_factory=threading.Lock)

    @property
    def living(self) -> bool:
        """Whether they never asked to withdraw."""
        return self.withdrawal is None

    @property
    def gone(self) -> bool:
        """Whether they have certainly withdrawn."""
        return self.withdrawal is ACKED

    @property
    def password(self) -> str:
        return f"{self.mark}-secret"

    def account(self) -> dict[str, str]:
        """What they sign up with."""
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


@dataclass
class Wish:
    """Whether somebody should follow somebody, or like something. Once a request's outcome is unknown, it stays."""

    wanted: bool
    outcome: Outcome = UNKNOWN
    frozen: bool = False


class History:
    """Filled by many threads; each entry is written by the one that made it."""

    def __init__(self) -> None:
        self.people: list[Person] = []
        self.written: list[Written] = []
        self.follows: dict[tuple[str, str], Wish] = {}
        self.likes: dict[tuple[str, str], Wish] = {}
        self.rooms: dict[frozenset[str], str] = {}
        self.requests: Counter[Outcome] = Counter()
        self.surprises: list[str] = []
        """Answers that should never have been given."""
        self._lock = threading.Lock()

    def count(self, outcome: Outcome) -> None:
        """One request more."""
        with self._lock:
            self.requests[outcome] += 1

    @property
    def withdrawals(self) -> int:
        """How many have certainly withdrawn so far."""
        return sum(person.gone for person in list(self.people))

    def by_id(self) -> dict[str, Person]:
        """Everybody who was let in."""
        return {person.id: person for person in self.people if person.id}

"""One service behind the gateway: where it is, how much it may be asked at once, and whether it is worth asking."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from yarl import URL

from ..responses import HttpError, service_unavailable
from ..routes import HASHING, IMAGE_UPLOAD, NORMAL, PICTURE, WEBSOCKET, TrafficClass
from ..settings import Settings

WINDOW = 20
WINDOW_SECONDS = 10.0
OPEN_SECONDS = 5.0
SHARE = 0.1
MOST_SAVED = 10.0
_NEVER = float("-inf")

Clients = tuple[str | int, ...]
"""The address of whoever asks, and the person where one is signed in."""


class CircuitBreaker:
    """Stops asking for a while when half of the last 20 requests failed within 10 seconds.

    After the pause one request goes through as a trial: its success ends the pause, its failure renews it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: deque[float] = deque([_NEVER] * WINDOW, WINDOW)
        self._open_until = 0.0

    def lets_through(self) -> bool:
        """Whether to ask now."""
        if not self._open_until:
            return True
        now = self._clock()
        if now < self._open_until:
            return False
        self._open_until = now + OPEN_SECONDS  # for all but this one
        return True

    def succeeded(self) -> None:
        """It answered."""
        if self._open_until:
            self._open_until = 0.0
            self._failures.extend([_NEVER] * WINDOW)
        self._failures.append(_NEVER)

    def failed(self) -> None:
        """It did not answer, or not as it should."""
        now = self._clock()
        self._failures.append(now)
        recent = sum(1 for moment in self._failures if moment > now - WINDOW_SECONDS)
        if recent >= WINDOW // 2:
            self._open_until = now + OPEN_SECONDS


class RetryBudget:
    """Allows one repeat for every ten requests, so that repeats never double the load of a service in error."""

    def __init__(self) -> None:
        self._saved = 1.0

    def deposit(self) -> None:
        """A request was made."""
        self._saved = min(MOST_SAVED, self._saved + SHARE)

    def withdraw(self) -> bool:
        """Whether one may be repeated now."""
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True


@dataclass(slots=True)
class Bulkhead:
    """The places for requests of one traffic_class at an upstream, and the part of them for one address or person."""

    most: int
    parts: tuple[int, ...] = ()
    """For one address, and for one person."""
    retry_after: int = 1
    """Seconds after which it is worth asking again where all places are taken."""
    taken: int = 0
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    """Each traffic_class has its own: uploads that fail keep nobody from reading."""
    _of: Counter[str | int] = field(default_factory=Counter)

    def enter(self, clients: Clients) -> None:
        """Take a place for this address and person. Raises HttpError where there is none."""
        if self.taken >= self.most:
            detail = "This part of the service has too much to do right now."
            raise service_unavailable("upstream_busy", detail, self.retry_after)
        if self.parts:
            self._enter_parts(clients)
        self.taken += 1

    def leave(self, clients: Clients) -> None:
        """Give the place back."""
        self.taken -= 1
        for client, _ in zip(clients, self.parts, strict=False):
            self._of[client] -= 1
            if not self._of[client]:
                del self._of[client]

    def _enter_parts(self, clients: Clients) -> None:
        own = tuple(zip(clients, self.parts, strict=False))
        if any(self._of[client] >= part for client, part in own):
            detail = "There are too many such requests of yours at once."
            raise HttpError(HTTPStatus.TOO_MANY_REQUESTS, "too_many_at_once", detail, retry_after=self.retry_after)
        for client, _ in own:
            self._of[client] += 1


def bulkheads(settings: Settings) -> dict[TrafficClass, Bulkhead]:
    """Those of one upstream."""
    return {
        NORMAL: Bulkhead(settings.in_flight),
        WEBSOCKET: Bulkhead(settings.in_flight),
        HASHING: Bulkhead(settings.slow_in_flight),
        PICTURE: Bulkhead(settings.picture_in_flight, (settings.picture_in_flight_per_address,)),
        IMAGE_UPLOAD: Bulkhead(
            settings.upload_in_flight,
            (settings.upload_in_flight_per_address, settings.upload_in_flight_per_person),
            retry_after=5,
        ),
    }


class Upstream:
    """A service, as the gateway sees it."""

    def __init__(self, name: str, url: str, bulkheads: dict[TrafficClass, Bulkhead]) -> None:
        self.name = name
        self._origin = URL(url)
        if self._origin.scheme not in ("http", "https") or not self._origin.host:
            raise ValueError(f"{name.upper()}_URL is not an address such as http://127.0.0.1:8101")
        self.budget = RetryBudget()
        self.bulkheads = bulkheads
        self.on_answer: Callable[[Mapping[str, str]], None] = _say_nothing
        """Hears the headers of each answer before the client does."""

    def address(self, raw_path: bytes, query: bytes) -> URL:
        """Where to ask: the client's path and query, byte for byte."""
        origin = self._origin
        return URL.build(
            scheme=origin.scheme,
            host=origin.raw_host or "",
            port=origin.port,
            path=raw_path.decode(),
            query_string=query.decode(),
            encoded=True,
        )

    @property
    def in_flight(self) -> int:
        """Requests that wait for an answer."""
        return sum(bulkhead.taken for bulkhead in self.bulkheads.values())

    def enter(self, bulkhead: Bulkhead, clients: Clients) -> None:
        """Take a place for a request. Raises HttpError where there is none, or the service is not worth asking."""
        bulkhead.enter(clients)
        if not bulkhead.breaker.lets_through():
            bulkhead.leave(clients)
            raise self.away(OPEN_SECONDS)

    def away(self, retry_after: float = 1) -> HttpError:
        """503: it cannot be reached."""
        detail = "This part of the service cannot be reached right now."
        return service_unavailable("upstream_unavailable", detail, round(retry_after))


def _say_nothing(_headers: Mapping[str, str]) -> None:
    """Most services tell the gateway nothing."""

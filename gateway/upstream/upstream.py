"""One service behind the gateway: its address, its bulkheads, and its budget of retries."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from yarl import URL

from ..circuit_breaker import OPEN_SECONDS, CircuitBreaker
from ..responses import HttpError, service_unavailable
from ..routes import HASHING, IMAGE_UPLOAD, NORMAL, PICTURE, WEBSOCKET, TrafficClass
from ..settings import Settings

RETRY_RATIO = 0.1
MAX_SAVED_RETRIES = 10.0

Clients = tuple[str | int, ...]
"""The network of a client, and the id of the person where one is signed in."""


class RetryBudget:
    """Allows one retry for every ten requests, so that retries never double the load of a failing service."""

    def __init__(self) -> None:
        self._saved = 1.0

    def deposit(self) -> None:
        """A request was made."""
        self._saved = min(MAX_SAVED_RETRIES, self._saved + RETRY_RATIO)

    def withdraw(self) -> bool:
        """Whether a retry is allowed now."""
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True


@dataclass(slots=True)
class Bulkhead:
    """Limits how many requests of one traffic class wait for an upstream, in total and for one network or person."""

    limit: int
    limits_per_client: tuple[int, ...] = ()
    """For one network, and for one person."""
    retry_after: int = 1
    """Seconds, told to clients that are rejected."""
    in_flight: int = 0
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    """One for each traffic class: uploads that fail do not stop reading."""
    _of_client: Counter[str | int] = field(default_factory=Counter)

    def enter(self, clients: Clients) -> None:
        """Count a request in. Raises HttpError where there are too many."""
        if self.in_flight >= self.limit:
            raise service_unavailable("upstream_busy", "This part of the service is busy.", self.retry_after)
        if self.limits_per_client:
            self._enter_client(clients)
        self.in_flight += 1

    def leave(self, clients: Clients) -> None:
        """Count it out."""
        self.in_flight -= 1
        for client, _ in zip(clients, self.limits_per_client, strict=False):
            self._of_client[client] -= 1
            if not self._of_client[client]:
                del self._of_client[client]

    def _enter_client(self, clients: Clients) -> None:
        limited = tuple(zip(clients, self.limits_per_client, strict=False))
        if any(self._of_client[client] >= limit for client, limit in limited):
            detail = "You have too many such requests in progress."
            raise HttpError(HTTPStatus.TOO_MANY_REQUESTS, "too_many_at_once", detail, retry_after=self.retry_after)
        for client, _ in limited:
            self._of_client[client] += 1


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
    """A service behind the gateway."""

    def __init__(self, name: str, url: str, bulkheads: dict[TrafficClass, Bulkhead]) -> None:
        self.name = name
        self._origin = URL(url)
        if self._origin.scheme not in ("http", "https") or not self._origin.host:
            raise ValueError(f"{name.upper()}_URL is not an address such as http://127.0.0.1:8101")
        self.retry_budget = RetryBudget()
        self.bulkheads = bulkheads
        self.on_response: Callable[[Mapping[str, str]], None] = _ignore
        """Called with the headers of each response, before the client gets it."""

    def address(self, raw_path: bytes, query: bytes) -> URL:
        """The URL at this service: path and query of the client, byte for byte."""
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
        """Requests that wait for a response."""
        return sum(bulkhead.in_flight for bulkhead in self.bulkheads.values())

    def enter(self, bulkhead: Bulkhead, clients: Clients) -> None:
        """Count a request in. Raises HttpError where there are too many, or where the circuit breaker is open."""
        bulkhead.enter(clients)
        if not bulkhead.breaker.lets_through():
            bulkhead.leave(clients)
            raise self.unavailable(OPEN_SECONDS)

    def unavailable(self, retry_after: float = 1) -> HttpError:
        """503: it cannot be reached."""
        detail = "This part of the service cannot be reached right now."
        return service_unavailable("upstream_unavailable", detail, round(retry_after))


def _ignore(_headers: Mapping[str, str]) -> None:
    """For the services that tell the gateway nothing in headers."""

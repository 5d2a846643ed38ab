"""One service behind the gateway: its addresses, its bulkheads, and its budget of retries."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from shared.http_client.client import Origin, origin_of

from ..circuit_breaker import OPEN_SECONDS
from ..responses import HttpError, service_unavailable
from ..routes import HASHING, IMAGE_UPLOAD, NORMAL, PICTURE, WEBSOCKET, TrafficClass
from ..settings import Settings
from .addresses import Address, Addresses, NewClient

RETRY_RATIO = 0.1
MAX_SAVED_RETRIES = 10.0

Clients = tuple[str | int, ...]
"""The network of a client, and the id of the authenticated user, if any."""


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
    """Limits for one network, and for one user."""
    retry_after: int = 1
    """Retry-After of rejected requests, in seconds."""
    in_flight: int = 0
    _of_client: Counter[str | int] = field(default_factory=Counter)

    def enter(self, clients: Clients) -> None:
        """Admit a request. Raises HttpError if there are too many."""
        if self.in_flight >= self.limit:
            raise service_unavailable("upstream_busy", "This part of the service is busy.", self.retry_after)
        if self.limits_per_client:
            self._enter_client(clients)
        self.in_flight += 1

    def leave(self, clients: Clients) -> None:
        """Release the slot of a request."""
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
    """The bulkheads of one upstream."""
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

    def __init__(self, name: str, url: str, bulkheads: dict[TrafficClass, Bulkhead], new_client: NewClient) -> None:
        self.name = name
        self.span_name = f"call {name}"
        self.origin = _origin(name, url)
        self.addresses = Addresses(name, self.origin, new_client)
        self.retry_budget = RetryBudget()
        self.bulkheads = bulkheads
        self.on_response: Callable[[Mapping[bytes, bytes]], None] = _ignore
        """Called with the headers of each response, before the client gets it."""

    @property
    def in_flight(self) -> int:
        """Requests that wait for a response."""
        return sum(bulkhead.in_flight for bulkhead in self.bulkheads.values())

    def choose(self, traffic_class: TrafficClass, tried: Collection[Address] = ()) -> Address:
        """The address for the next request. Raises HttpError where none is known or all circuit breakers are open."""
        address = self.addresses.choose(traffic_class, tried)
        if address is None:
            raise self.unavailable(OPEN_SECONDS)
        return address

    def unavailable(self, retry_after: float = 1) -> HttpError:
        """503: it cannot be reached."""
        detail = "This part of the service cannot be reached right now."
        return service_unavailable("upstream_unavailable", detail, round(retry_after))


def _origin(name: str, url: str) -> Origin:
    try:
        return origin_of(url)
    except ValueError as error:
        raise ValueError(f"{name.upper()}_URL: {error}") from None


def _ignore(_headers: Mapping[bytes, bytes]) -> None:
    """For services without headers for the gateway."""

"""One service behind the gateway: where it is, how much it may be asked at once, and whether it is worth asking."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping

from yarl import URL

from .answers import Refused, unavailable
from .routes import Weight

WINDOW = 20
WINDOW_SECONDS = 10.0
OPEN_SECONDS = 5.0
SHARE = 0.1
MOST_SAVED = 10.0
_NEVER = float("-inf")


class Breaker:
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


class Budget:
    """Allows one repeat for every ten requests, so that repeats never double the load of a service in trouble."""

    def __init__(self) -> None:
        self._saved = 1.0

    def earn(self) -> None:
        """A request was made."""
        self._saved = min(MOST_SAVED, self._saved + SHARE)

    def spend(self) -> bool:
        """Whether one may be repeated now."""
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True


class Upstream:
    """A service, as the gateway sees it."""

    def __init__(self, name: str, url: str, most: int, shares: Mapping[Weight, int]) -> None:
        self.name = name
        self._origin = URL(url)
        if self._origin.scheme not in ("http", "https") or not self._origin.host:
            raise ValueError(f"{name.upper()}_URL is not an address such as http://127.0.0.1:8101")
        self.breaker = Breaker()
        self.budget = Budget()
        self._most = most
        self._shares = shares
        """How many of the places what takes long may use, so that the others stay free."""
        self.in_flight = 0
        self._under_way: Counter[Weight] = Counter()
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

    def enter(self, weight: Weight) -> None:
        """Take a place for one request. Raises Refused where there is none, or the service is not worth asking."""
        if self.in_flight >= self._most or self._under_way[weight] >= self._shares.get(weight, self._most):
            raise unavailable("upstream_busy", "This part of the service has too much to do right now.")
        if not self.breaker.lets_through():
            raise self.away(OPEN_SECONDS)
        self.in_flight += 1
        self._under_way[weight] += 1

    def leave(self, weight: Weight) -> None:
        """Give the place back."""
        self.in_flight -= 1
        self._under_way[weight] -= 1

    def away(self, retry_after: float = 1) -> Refused:
        """503: it cannot be reached."""
        detail = "This part of the service cannot be reached right now."
        return unavailable("upstream_unavailable", detail, round(retry_after))


def _say_nothing(_headers: Mapping[str, str]) -> None:
    """Most services tell the gateway nothing."""

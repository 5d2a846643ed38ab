"""Rate limits: parsed from the settings, and sent in response headers."""

import re
from dataclasses import dataclass

from ..exchange import Headers

BATCHES_PER_LIMIT = 50
MAX_BATCH = 50
NETWORKS_PER_SITE = 10
"""A site may send as many requests as this number of its networks.

Mobile providers give each phone one network of a site.
"""


PERIODS_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_NOTATION = re.compile(rf"([1-9][0-9]{{0,8}})/([1-9][0-9]{{0,8}})?({'|'.join(PERIODS_SECONDS)})s?")
"""Not parsed by the library of the Redis store, which takes 2 MB of memory."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`limit` requests in `seconds` for each key that is counted under this name, in fixed windows."""

    name: str
    limit: int
    seconds: int

    @property
    def batch_size(self) -> int:
        """Requests that a replica counts locally before it updates the shared count:

        2 % of a high limit, 1 for a low one.
        """
        return min(MAX_BATCH, max(1, self.limit // BATCHES_PER_LIMIT))

    @property
    def of_site(self) -> "RateLimit":
        """The limit of a whole IPv6 site, which could otherwise use the limit of each of its 65,536 networks."""
        return RateLimit(self.name, self.limit * NETWORKS_PER_SITE, self.seconds)

    def window(self, now: float) -> int:
        """The number of the window at this time (seconds since 1970)."""
        return int(now // self.seconds)

    def seconds_left(self, now: float) -> int:
        """Until the window ends, rounded up."""
        return self.seconds - int(now % self.seconds)

    @property
    def policy(self) -> str:
        """Of the field `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers)."""
        return f'"{self.name}";q={self.limit};w={self.seconds}'

    def headers(self, count: int, now: float) -> Headers:
        """The IETF's fields (draft-ietf-httpapi-ratelimit-headers), and the older ones.

        `X-RateLimit-Reset` is the end of the window in seconds since 1970.
        """
        left, seconds = max(0, self.limit - count), self.seconds_left(now)
        return [
            (b"ratelimit-policy", self.policy.encode()),
            (b"ratelimit", b'"%b";r=%d;t=%d' % (self.name.encode(), left, seconds)),
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % left),
            (b"x-ratelimit-reset", b"%d" % (int(now) + seconds)),
        ]


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits, named like the settings."""

    signups: RateLimit
    logins: RateLimit
    passwords: RateLimit
    refreshes: RateLimit
    mails: RateLimit
    anonymous: RateLimit
    pictures: RateLimit
    person: RateLimit
    uploads: RateLimit


def parse_rate_limit(name: str, notation: str) -> RateLimit:
    """A limit from a notation such as `300/5minute`. Raises ValueError for anything else."""
    parsed = _NOTATION.fullmatch(notation)
    if parsed is None:
        raise ValueError(f"{notation!r} is not one rate such as 300/5minute")
    count, periods, period = parsed.groups()
    return RateLimit(name, int(count), int(periods or 1) * PERIODS_SECONDS[period])

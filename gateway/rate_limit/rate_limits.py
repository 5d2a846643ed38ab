"""How many requests are allowed in how long: parsed from the settings, and told in response headers."""

from dataclasses import dataclass

from limits import parse_many

from ..exchange import Headers

BATCHES_PER_LIMIT = 50
MAX_BATCH = 50
NETWORKS_PER_SITE = 10
"""A site may send as many requests as so many of its networks. Mobile networks give each phone one of a site's."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests in so many seconds for each key that is counted under this name, in fixed windows."""

    name: str
    limit: int
    seconds: int

    @property
    def batch_size(self) -> int:
        """How many requests a replica counts before it tells the others: 2 % of a high limit, each of a low one."""
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

    def headers(self, count: int, now: float) -> Headers:
        """The IETF's fields (draft-ietf-httpapi-ratelimit-headers), and the older ones.

        `X-RateLimit-Reset` is the end of the window in seconds since 1970.
        """
        left, seconds = max(0, self.limit - count), self.seconds_left(now)
        name = self.name.encode()
        return [
            (b"ratelimit-policy", b'"%b";q=%d;w=%d' % (name, self.limit, self.seconds)),
            (b"ratelimit", b'"%b";r=%d;t=%d' % (name, left, seconds)),
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % left),
            (b"x-ratelimit-reset", b"%d" % (int(now) + seconds)),
        ]


@dataclass(frozen=True, slots=True)
class RateLimits:
    """One of each, named as the settings are."""

    signups: RateLimit
    logins: RateLimit
    passwords: RateLimit
    refreshes: RateLimit
    anonymous: RateLimit
    pictures: RateLimit
    person: RateLimit
    uploads: RateLimit


def parse_rate_limit(name: str, notation: str) -> RateLimit:
    """A limit from a notation such as `300/5minute`. Raises ValueError for anything else."""
    parsed = parse_many(notation)
    if len(parsed) != 1 or parsed[0].amount < 1 or parsed[0].multiples < 1:
        raise ValueError(f"{notation!r} is not one rate such as 300/5minute")
    return RateLimit(name, parsed[0].amount, parsed[0].get_expiry())

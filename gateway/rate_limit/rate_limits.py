"""How many requests are allowed in how long: parsed from the settings, told in the headers of answers."""

from dataclasses import dataclass

from limits import parse_many

from ..exchange import Headers

BATCHES_PER_LIMIT = 50
MAX_BATCH = 50
NETWORKS_PER_SITE = 10
"""A site may have as many requests as so many of its networks. Mobile networks give each phone one of a site's."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests in so many seconds for each of those who are counted under this name."""

    name: str
    most: int
    seconds: int

    @property
    def bundle(self) -> int:
        """How many are told to the other replicas at once: 2 % of a high limit, each single one of a low limit."""
        return min(MAX_BATCH, max(1, self.most // BATCHES_PER_LIMIT))

    @property
    def of_site(self) -> "RateLimit":
        """The limit of a whole IPv6 site, whose holder could otherwise count anew from each of its networks."""
        return RateLimit(self.name, self.most * NETWORKS_PER_SITE, self.seconds)

    def window(self, now: float) -> int:
        """The number of the window that this moment (seconds since 1970) lies in; each begins with an empty count."""
        return int(now // self.seconds)

    def seconds_left(self, now: float) -> int:
        """How long this window still lasts, rounded up."""
        return self.seconds - int(now % self.seconds)

    def told(self, count: int, now: float) -> Headers:
        """What clients are told: the IETF's fields (draft-ietf-httpapi-ratelimit-headers), and those of old.

        `X-RateLimit-Reset` is the moment of the reset in seconds since 1970.
        """
        left, seconds = max(0, self.most - count), self.seconds_left(now)
        name = self.name.encode()
        return [
            (b"ratelimit-policy", b'"%b";q=%d;w=%d' % (name, self.most, self.seconds)),
            (b"ratelimit", b'"%b";r=%d;t=%d' % (name, left, seconds)),
            (b"x-ratelimit-limit", b"%d" % self.most),
            (b"x-ratelimit-remaining", b"%d" % left),
            (b"x-ratelimit-reset", b"%d" % (int(now) + seconds)),
        ]


@dataclass(frozen=True, slots=True)
class RateLimits:
    """All that there are."""

    signups: RateLimit
    logins: RateLimit
    passwords: RateLimit
    refreshes: RateLimit
    anonymous: RateLimit
    pictures: RateLimit
    person: RateLimit
    uploads: RateLimit


def parse_rate_limit(name: str, notation: str) -> RateLimit:
    """A quota from a notation such as `300/5minute`. Raises ValueError for anything else."""
    given = parse_many(notation)
    if len(given) != 1 or given[0].amount < 1 or given[0].multiples < 1:
        raise ValueError(f"{notation!r} is not one rate such as 300/5minute")
    return RateLimit(name, given[0].amount, given[0].get_expiry())

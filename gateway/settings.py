"""What the gateway is told from outside."""

import re
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, field_validator

from shared.settings import Settings as SharedSettings

from .rate_limit.rate_limits import RateLimits, parse_rate_limit

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
_STORAGES = ("redis://", "rediss://", "valkey://", "valkeys://")
PRODUCTION_RATES = {
    "signups": "5/30minute",
    "logins": "3000/5minute",
    "passwords": "25/5minute",
    "refreshes": "1500/5minute",
    "anonymous": "300/5minute",
    "pictures": "3000/5minute",
    "person": "1500/5minute",
    "uploads": "30/30minute",
}
"""In production. Those that Mastodon has are Mastodon's."""
NO_LIMIT = "10000000/minute"
"""In development, where nobody is to run into them."""


def _rate(notation: str) -> str:
    parse_rate_limit("", notation)
    return notation


Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[str, AfterValidator(_rate)]


class Settings(SharedSettings):
    """Read from the environment."""

    database_url: str = ""
    """The gateway keeps nothing."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    social_url: str = "http://127.0.0.1:8102"
    posts_url: str = "http://127.0.0.1:8103"
    dm_url: str = "http://127.0.0.1:8104"

    connect_seconds: Seconds = 1.0
    first_byte_seconds: Seconds = 5.0
    """How long an upstream may take until its answer begins, a repeat included, and then be silent."""
    heavy_seconds: Seconds = 75.0
    """The same for an upload that has arrived: as long as it may wait for a decoder (30 s) and be decoded (40 s)."""
    whole_seconds: Seconds = 10.0
    """How long it may take until an answer of the gateway's own begins."""
    body_seconds: Seconds = 10.0
    """How long a client may take to send a JSON body."""
    stall_seconds: Seconds = 10.0
    min_bytes_per_second: Annotated[int, Field(ge=1)] = 4096
    """How slowly a client may read an answer or send an upload: the average over so many seconds of waiting for it."""
    slow_clients: Count = 256
    slow_clients_per_address: Count = 64
    """Transfers that may wait for their clients at once. One more ends the slowest."""

    in_flight: Count = 100
    slow_in_flight: Count = 40
    """Requests that wait for the answer of one upstream; and those that hash passwords, apart from these."""
    picture_in_flight: Count = 128
    picture_in_flight_per_address: Count = 64
    upload_in_flight: Count = 50
    upload_in_flight_per_address: Count = 30
    upload_in_flight_per_person: Count = 12
    """Pictures and uploads, apart from all others; and the part of them for one address and for one person."""

    head_seconds: Seconds = 10.0
    """How long a client may take to send the head of a request, from its first byte, or from connecting."""
    keep_alive_seconds: Annotated[int, Field(ge=1)] = 75
    """How long a connection is kept while nothing is asked."""
    connections: Annotated[int, Field(ge=1)] = 10_000
    connections_per_address: Annotated[int, Field(ge=1)] = 1_000
    """Open at once. A further one takes the place of the one that has been of no use for longest."""

    sockets: Annotated[int, Field(ge=1)] = 5_000
    sockets_per_person: Annotated[int, Field(ge=1)] = 20
    """WebSockets open at once, and how many of them may be one person's. Each takes two files of the process."""

    rate_limit_url: SecretStr = SecretStr("")
    """Where replicas count requests together (redis:// or valkey://); without it each counts alone."""
    rate_signups: Rate | None = None
    rate_logins: Rate | None = None
    rate_passwords: Rate | None = None
    """By address: new accounts, logins, and wrong passwords; those of a signed-in person by person."""
    rate_refreshes: Rate | None = None
    """By address, or by person with a token that is still valid: renewed tokens."""
    rate_anonymous: Rate | None = None
    rate_pictures: Rate | None = None
    """By address: what is asked without a token, pictures apart. Pictures asked for with a token count by person."""
    rate_person: Rate | None = None
    rate_uploads: Rate | None = None
    """By person: what is asked with a token, uploads apart."""
    trusted_proxies: Annotated[list[IPv4Network | IPv6Network], Field(default_factory=list)]
    """Networks of our own proxies, whose X-Forwarded-For is believed."""

    cors_origins: Annotated[list[str], Field(default_factory=list)]
    """Web pages of exactly these origins may call from a browser."""
    hsts_seconds: Annotated[int, Field(ge=0)] = 0
    """For how long browsers shall require_allowed_origin on HTTPS. Only where HTTPS is in front; 0 says nothing."""
    revocations_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    """Between two requests to auth for revoked tokens. Events tell them at once, but the broker can be away, and from
    auth alone, which nobody else notices: this is what keeps the promise of 10 seconds.
    """
    drain_seconds: Annotated[float, Field(ge=0)] = 0.0
    """How long to go on serving after being told to stop, so that balancers notice first."""

    @field_validator("cors_origins")
    @classmethod
    def _exact(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin such as https://app.example.com")
        return origins

    @field_validator("rate_limit_url")
    @classmethod
    def _a_storage(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not url.get_secret_value().startswith(_STORAGES):
            raise ValueError("not an address such as redis://host:6379 or valkey://host:6379")
        return url

    @property
    def rates(self) -> dict[str, str]:
        """How often one may ask, as it is written."""
        given = {
            "signups": self.rate_signups,
            "logins": self.rate_logins,
            "passwords": self.rate_passwords,
            "refreshes": self.rate_refreshes,
            "anonymous": self.rate_anonymous,
            "pictures": self.rate_pictures,
            "person": self.rate_person,
            "uploads": self.rate_uploads,
        }
        production = self.environment == "production"
        usual = PRODUCTION_RATES if production else dict.fromkeys(given, NO_LIMIT)
        return {name: rate or usual[name] for name, rate in given.items()}

    @property
    def rate_limits(self) -> RateLimits:
        """The same, to count by."""
        return RateLimits(**{name: parse_rate_limit(name, rate) for name, rate in self.rates.items()})

    @property
    def upstreams(self) -> dict[str, str]:
        """Where each service answers, by its name."""
        return {"auth": self.auth_url, "social": self.social_url, "posts": self.posts_url, "dm": self.dm_url}

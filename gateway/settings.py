"""The settings of the gateway, read from the environment."""

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
"""In development."""


def _rate(notation: str) -> str:
    parse_rate_limit("", notation)
    return notation


Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[str, AfterValidator(_rate)]


class Settings(SharedSettings):
    """Read from the environment."""

    database_url: str = ""
    """The gateway has no database."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    social_url: str = "http://127.0.0.1:8102"
    posts_url: str = "http://127.0.0.1:8103"
    dm_url: str = "http://127.0.0.1:8104"

    connect_seconds: Seconds = 1.0
    first_byte_seconds: Seconds = 5.0
    """How long an upstream may take until its response starts, a retry included, and may pause after that."""
    heavy_seconds: Seconds = 75.0
    """The same for an upload that was received: it may wait for a decoder (30 s) and be decoded (40 s)."""
    whole_seconds: Seconds = 10.0
    """How long it may take until a response of the gateway's own starts."""
    body_seconds: Seconds = 10.0
    """How long a client may take to send a JSON body."""
    stall_seconds: Seconds = 10.0
    min_bytes_per_second: Annotated[int, Field(ge=1)] = 4096
    """How slowly a client may read a response or send an upload: the average over so many seconds of waiting for it."""
    slow_clients: Count = 256
    slow_clients_per_address: Count = 64
    """Transfers that may wait for their clients at once. One more ends the slowest."""

    in_flight: Count = 100
    slow_in_flight: Count = 40
    """Requests that wait for the response of one upstream; those that hash passwords have their own limit."""
    picture_in_flight: Count = 128
    picture_in_flight_per_address: Count = 64
    upload_in_flight: Count = 50
    upload_in_flight_per_address: Count = 30
    upload_in_flight_per_person: Count = 12
    """The same for pictures and uploads, in total, for one address and for one person."""

    head_seconds: Seconds = 10.0
    """How long a client may take to send the head of a request, from its first byte, or from connecting."""
    keep_alive_seconds: Annotated[int, Field(ge=1)] = 75
    """How long a connection stays open between two requests."""
    connections: Annotated[int, Field(ge=1)] = 10_000
    connections_per_address: Annotated[int, Field(ge=1)] = 1_000
    """Open at once. One more closes the connection that has been idle for longest."""

    sockets: Annotated[int, Field(ge=1)] = 5_000
    sockets_per_person: Annotated[int, Field(ge=1)] = 20
    """WebSockets open at once, in total and for one person. Each takes two open files."""

    rate_limit_url: SecretStr = SecretStr("")
    """Where replicas count requests together (redis:// or valkey://); without it each counts by itself."""
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
    """Networks of our own proxies, whose X-Forwarded-For is trusted."""

    cors_origins: Annotated[list[str], Field(default_factory=list)]
    """Pages of exactly these origins may call from a browser (CORS)."""
    hsts_seconds: Annotated[int, Field(ge=0)] = 0
    """For how long browsers shall require_allowed_origin on HTTPS. Only where HTTPS is in front; 0 says nothing."""
    revocations_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    """Between two requests to auth for revoked tokens. Events tell them at once, but the broker can be away, and from
    auth alone, which nobody else notices: this is what keeps the promise of 10 seconds.
    """
    drain_seconds: Annotated[float, Field(ge=0)] = 0.0
    """How long to go on serving after SIGTERM, so that load balancers notice first."""

    @field_validator("cors_origins")
    @classmethod
    def _exact(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin such as https://app.example.com")
        return origins

    @field_validator("rate_limit_url")
    @classmethod
    def _storage(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not url.get_secret_value().startswith(_STORAGES):
            raise ValueError("not an address such as redis://host:6379 or valkey://host:6379")
        return url

    @property
    def rates(self) -> dict[str, str]:
        """The rate limits by name, as they are written."""
        configured = {
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
        usual = PRODUCTION_RATES if production else dict.fromkeys(configured, NO_LIMIT)
        return {name: rate or usual[name] for name, rate in configured.items()}

    @property
    def rate_limits(self) -> RateLimits:
        """The same, parsed."""
        return RateLimits(**{name: parse_rate_limit(name, rate) for name, rate in self.rates.items()})

    @property
    def upstreams(self) -> dict[str, str]:
        """The URL of each service, by its name."""
        return {"auth": self.auth_url, "social": self.social_url, "posts": self.posts_url, "dm": self.dm_url}

"""The settings of the gateway, read from the environment."""

import re
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, field_validator

from shared.service_list import NAMES
from shared.settings import Settings as SharedSettings

from .rate_limit.rate_limits import RateLimits, parse_rate_limit

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
_STORAGES = ("redis://", "rediss://", "valkey://", "valkeys://")
PRODUCTION_RATES = {
    "signups": "5/30minute",
    "logins": "3000/5minute",
    "passwords": "25/5minute",
    "refreshes": "1500/5minute",
    "mails": "20/30minute",
    "anonymous": "300/5minute",
    "pictures": "3000/5minute",
    "person": "1500/5minute",
    "uploads": "30/30minute",
}
"""The limits in production. Limits that Mastodon has too have Mastodon's values."""
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
    """The TCP port to listen on."""
    social_url: str = "http://127.0.0.1:8102"
    """Where the social service is reached."""
    posts_url: str = "http://127.0.0.1:8103"
    """Where the posts service is reached."""
    dm_url: str = "http://127.0.0.1:8104"
    """Where the dm service is reached."""
    notifications_url: str = "http://127.0.0.1:8105"
    """Where the notifications service is reached."""

    connect_seconds: Seconds = 1.0
    """How long connecting to a service may take."""
    first_byte_seconds: Seconds = 5.0
    """How long an upstream may take until its response starts, a retry included, and may pause after that."""
    heavy_seconds: Seconds = 75.0
    """The same for an upload that was received: it may wait for a decoder (40 s) and be decoded (25 s)."""
    whole_seconds: Seconds = 10.0
    """How long it may take until a response of the gateway's own starts."""
    body_seconds: Seconds = 10.0
    """How long a client may take to send a JSON body."""
    stall_seconds: Seconds = 10.0
    """The time of waiting for a client over which `MIN_BYTES_PER_SECOND` is averaged."""
    min_bytes_per_second: Annotated[int, Field(ge=1)] = 4096
    """How slowly a client may read a response or send an upload, on average over `STALL_SECONDS`."""
    slow_clients: Count = 256
    """Transfers that may wait for their clients at once. One more ends the slowest."""
    slow_clients_per_address: Count = 64
    """The same for one address."""

    in_flight: Count = 100
    """Requests that wait for the response of one upstream; one more is rejected with 503."""
    slow_in_flight: Count = 40
    """The same for requests that hash passwords."""
    picture_in_flight: Count = 128
    """The same for pictures."""
    picture_in_flight_per_address: Count = 64
    """The same for pictures and one address; one more is rejected with 429."""
    upload_in_flight: Count = 50
    """The same for uploads."""
    upload_in_flight_per_address: Count = 30
    """The same for uploads and one address; one more is rejected with 429."""
    upload_in_flight_per_person: Count = 12
    """The same for uploads and one person; one more is rejected with 429."""

    head_seconds: Seconds = 10.0
    """How long a client may take to send the head of a request, from its first byte, or from connecting."""
    keep_alive_seconds: Annotated[int, Field(ge=1)] = 75
    """How long a connection stays open between two requests."""
    connections: Annotated[int, Field(ge=1)] = 10_000
    """Connections open at once, fewer where the system allows fewer files. One more closes the one that has been idle
    for longest."""
    connections_per_address: Annotated[int, Field(ge=1)] = 1_000
    """The same for one address."""

    sockets: Annotated[int, Field(ge=1)] = 5_000
    """WebSockets open at once. Each takes two open files."""
    sockets_per_person: Annotated[int, Field(ge=1)] = 20
    """The same for one person."""

    rate_limit_url: SecretStr = SecretStr("")
    """The store of counts shared by replicas (redis:// or valkey://); without it each replica counts separately."""
    rate_signups: Rate | None = None
    """By address: new accounts."""
    rate_logins: Rate | None = None
    """By address: logins."""
    rate_passwords: Rate | None = None
    """By address: wrong passwords; those of a signed-in person by person."""
    rate_refreshes: Rate | None = None
    """By address, or by user with a token that is still valid: renewed tokens."""
    rate_mails: Rate | None = None
    """By address: messages with a link for a new password."""
    rate_anonymous: Rate | None = None
    """By address: requests without a token, except pictures."""
    rate_pictures: Rate | None = None
    """By address: pictures without a token. Those with a token count by person."""
    rate_person: Rate | None = None
    """By person: requests with a token, except uploads."""
    rate_uploads: Rate | None = None
    """By person: uploads."""
    trusted_proxies: Annotated[list[IPv4Network | IPv6Network], Field(default_factory=list)]
    """Networks of our own proxies, whose X-Forwarded-For is trusted."""

    cors_origins: Annotated[list[str], Field(default_factory=list)]
    """Pages of exactly these origins may call from a browser (CORS)."""
    hsts_seconds: Annotated[int, Field(ge=0)] = 0
    """`max-age` of Strict-Transport-Security, only for installations with HTTPS; 0 sends no header."""
    revocations_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    """Interval of polls of auth for revoked tokens. Events arrive at once, but the broker may be unavailable, also to
    auth alone, which no other process notices. This interval guarantees the limit of 10 seconds.
    """

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
            raise ValueError("not a URL such as redis://host:6379 or valkey://host:6379")
        return url

    @property
    def rates(self) -> dict[str, str]:
        """The rate limits by name, as they are written."""
        configured = {
            "signups": self.rate_signups,
            "logins": self.rate_logins,
            "passwords": self.rate_passwords,
            "refreshes": self.rate_refreshes,
            "mails": self.rate_mails,
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
        return {name: getattr(self, f"{name}_url") for name in NAMES}

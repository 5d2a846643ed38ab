"""What the gateway is told from outside."""

import re
from typing import Annotated

from pydantic import Field, field_validator

from shared.settings import Settings as SharedSettings

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
Seconds = Annotated[float, Field(gt=0)]


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
    """How long an upstream may be silent."""
    whole_seconds: Seconds = 10.0
    heavy_seconds: Seconds = 60.0
    """How long a whole exchange may take; heavy are uploads and pictures."""
    body_seconds: Seconds = 10.0
    """How long a client may take to send a JSON body."""
    in_flight: Annotated[int, Field(ge=1)] = 100
    heavy_in_flight: Annotated[int, Field(ge=1)] = 50
    """Requests under way at one upstream, and how many of them may be uploads and pictures."""

    cors_origins: Annotated[list[str], Field(default_factory=list)]
    """Web pages of exactly these origins may call from a browser."""
    hsts_seconds: Annotated[int, Field(ge=0)] = 0
    """For how long browsers shall insist on HTTPS. Only where HTTPS is in front; 0 says nothing."""
    drain_seconds: Annotated[float, Field(ge=0)] = 0.0
    """How long to go on serving after being told to stop, so that balancers notice first."""

    @field_validator("cors_origins")
    @classmethod
    def _exact(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin such as https://app.example.com")
        return origins

    @property
    def upstreams(self) -> dict[str, str]:
        """Where each service answers, by its name."""
        return {"auth": self.auth_url, "social": self.social_url, "posts": self.posts_url, "dm": self.dm_url}

"""Settings of every process: environment variables, an optional `.env`, defaults for development."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.security.derived_keys import caller_key, derived_key

_PUBLIC_URL = re.compile(
    r"(https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)((?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)/?"
)
DEVELOPMENT_SECRET = "development-only-and-not-a-secret"  # noqa: S105 - refused in production, see below


class Settings(BaseSettings):
    """Settings that all services have. Names are those of the environment, in capitals: DATABASE_URL, ..."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    environment: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    database_url: str
    broker_url: str = "memory://"
    pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    """Database connections for reads, as many for writes (SQLite: for both), and as many threads that use them."""

    decoders: Annotated[int, Field(ge=1, le=64)] = 2
    """Photos decoded at once, each in a process of its own; only services that take photos have them."""
    decoders_waiting: Annotated[int, Field(ge=0, le=1000)] = 30
    spool_bytes: Annotated[int, Field(ge=0)] | None = None
    """Bytes of uploads in the temporary folder at once; by default half of what is free there at the start."""

    secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    """This service's own secret. No other service knows it; keys for each purpose are derived from it."""
    callers: dict[str, SecretStr] = {}
    """The caller keys of the services that may call this one's /internal routes, by their names; see `caller_key`."""

    auth_url: str = "http://127.0.0.1:8101"
    public_url: str = ""
    """Where clients reach the gateway, such as https://example.com/shutter. Needed only where a proxy in front takes a
    path away, or does not tell the scheme and host that the client used."""
    token_issuer: str = "shutter"  # noqa: S105 - a name
    token_audience: str = "shutter"  # noqa: S105 - a name
    access_token_seconds: Annotated[int, Field(ge=1, le=3600)] = 600
    reconcile_seconds: Annotated[float, Field(gt=0)] = 600
    """How often a service compares itself with what a neighbour holds to be true; also at each start."""

    @model_validator(mode="after")
    def _no_development_secret_in_production(self) -> Self:
        secrets = [self.secret, *self.callers.values()]
        if self.environment == "production" and any(not _is_strong(secret) for secret in secrets):
            raise ValueError("SECRET and CALLERS need secrets of their own of at least 32 characters in production")
        return self

    @field_validator("public_url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        if url and not _PUBLIC_URL.fullmatch(url):
            raise ValueError("PUBLIC_URL is not an address such as https://example.com/shutter")
        return url

    @property
    def public_origin(self) -> str:
        """Scheme, host and port of the public address; empty where none is set."""
        found = _PUBLIC_URL.fullmatch(self.public_url)
        return found[1] if found else ""

    @property
    def public_path(self) -> str:
        """What is before all paths of the public address, without a slash at the end."""
        found = _PUBLIC_URL.fullmatch(self.public_url)
        return found[2] if found else ""

    def key(self, purpose: str) -> bytes:
        """A 256-bit key for one purpose only, derived from the service's secret."""
        return derived_key(self.secret.get_secret_value(), purpose)

    def caller_key(self, callee: str) -> str:
        """What proves this service to that one. The callee knows it, and nothing else of this service's secret."""
        return caller_key(self.secret.get_secret_value(), callee)


def _is_strong(secret: SecretStr) -> bool:
    value = secret.get_secret_value()
    return len(value) >= 32 and not value.startswith("development")

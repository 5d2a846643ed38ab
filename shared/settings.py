"""Settings of every process: environment variables, files that they name, an optional `.env`, defaults."""

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.security.derived_keys import caller_key, derived_key
from shared.settings_files import EnvironmentAndFiles

PUBLIC_URL = re.compile(
    r"(https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)((?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)/?"
)
"""The form of `PUBLIC_URL`: the first group is its origin, the second its path."""
LogLevel = Literal["debug", "info", "warning", "error"]
DEVELOPMENT_SECRET = "development-only-and-not-a-secret"  # noqa: S105 - refused in production, see below


class Settings(BaseSettings):
    """Settings that all services have. Names are those of the environment, in capitals: DATABASE_URL, ..."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    environment: Literal["development", "production"] = "development"
    """`production` refuses development secrets, applies the rate limits of production, and logs in JSON."""
    host: str = "127.0.0.1"
    """The address to listen on, also for `METRICS_PORT`."""
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """The TCP port to listen on."""
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The TCP port of `GET /metrics` (Prometheus). Without it there are no metrics. Never make it public."""
    log_level: LogLevel = "info"
    """The lowest level that is logged. `info` logs each request."""
    database_url: str
    """`sqlite:///path/to/file.db` or `mysql+pymysql://user:password@host/schema`; several hosts of one group, of which
    the primary is used, are separated by commas. Contains a password.
    """
    broker_url: str = "memory://"
    """`memory://`, only for all services in one process, or `amqp://user:password@host/`; several hosts of one cluster
    are separated by commas. Contains a password.
    """
    pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    """Database connections for reads, as many for writes, and as many threads that use them."""

    decoders: Annotated[int, Field(ge=1, le=64)] = 2
    """Photos decoded at once, each in a separate process; only used by services that accept photos."""
    decoders_waiting: Annotated[int, Field(ge=0, le=1000)] = 30
    """Uploaded photos that wait for a decoder; one more is rejected with 503."""
    spool_bytes: Annotated[int, Field(ge=0)] | None = None
    """Bytes of uploads in the temporary folder at once; by default half of what is free there at the start."""

    secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    """This service's own secret. No other service knows it; keys for each purpose are derived from it."""
    callers: dict[str, SecretStr] = {}
    """The caller keys of the services that may call this one's /internal routes, by their names; see `caller_key`."""

    auth_url: str = "http://127.0.0.1:8101"
    """Where the auth service is reached."""
    public_url: str = ""
    """Where clients reach the gateway, such as https://example.com/shutter.

    Needed only behind a proxy that removes a path prefix, or that does not forward the scheme and host of the client.
    """
    cdn_url: str = ""
    """Where clients get public pictures, such as https://cdn.example.com: the URL of a cache in front of `PUBLIC_URL`.

    Photos of conversations are never there.
    """
    cdn_purge_url: str = ""
    """Where `{"files": [URL, ...]}` is posted when public pictures were deleted; without it caches keep them for a day.

    Needs `CDN_URL`.
    """
    cdn_purge_token: SecretStr = SecretStr("")
    """The bearer token for `CDN_PURGE_URL`."""
    token_issuer: str = "shutter"  # noqa: S105 - a name
    """The claim `iss` of access tokens; the same for all processes."""
    token_audience: str = "shutter"  # noqa: S105 - a name
    """The claim `aud` of access tokens; the same for all processes."""
    access_token_seconds: Annotated[int, Field(ge=1, le=3600)] = 600
    """How long an access token is valid; the same for all processes. The last sweep of a purge runs 60 s later."""
    unverified_may_post: bool | None = None
    """Whether users who have not confirmed their email address may post, comment and send messages; by default not in
    production."""
    drain_seconds: Annotated[float, Field(ge=0, le=300)] = 0.0
    """How long to go on serving after SIGTERM, not ready, so that those who send requests notice first."""
    reconcile_seconds: Annotated[float, Field(gt=0)] = 600
    """Interval of the reconciliation with auth's list of deleted accounts; it also runs at each start."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not used
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, the environment with the files that it names, `.env`."""
        return init_settings, EnvironmentAndFiles(settings_cls), dotenv_settings

    @model_validator(mode="after")
    def _no_development_secret_in_production(self) -> Self:
        secrets = {"SECRET": self.secret, **{f"CALLERS of {name}": secret for name, secret in self.callers.items()}}
        weak = [name for name, secret in secrets.items() if not _is_strong(secret)]
        if self.environment == "production" and weak:
            need = "in production each needs its own secret of at least 32 characters"
            raise ValueError(f"{', '.join(weak)}: {need}")
        return self

    @field_validator("public_url", "cdn_url")
    @classmethod
    def _an_address(cls, url: str, info: ValidationInfo) -> str:
        if url and not PUBLIC_URL.fullmatch(url):
            raise ValueError(f"{str(info.field_name).upper()} is not a URL such as https://example.com/shutter")
        return url.rstrip("/") if info.field_name == "cdn_url" else url

    @model_validator(mode="after")
    def _purges_need_the_cdn(self) -> Self:
        if self.cdn_purge_url and not (self.cdn_url and urlsplit(self.cdn_purge_url).scheme in ("http", "https")):
            raise ValueError("CDN_PURGE_URL has to be a URL such as https://api.example.com/purge, and needs CDN_URL")
        return self

    @property
    def unverified_users_may_post(self) -> bool:
        """The setting, or its default."""
        return self.environment == "development" if self.unverified_may_post is None else self.unverified_may_post

    @property
    def public_origin(self) -> str:
        """Scheme, host and port of the public URL; empty if none is set."""
        found = PUBLIC_URL.fullmatch(self.public_url)
        return found[1] if found else ""

    @property
    def cdn_origin(self) -> str:
        """Scheme, host and port of the CDN; empty if there is none."""
        found = PUBLIC_URL.fullmatch(self.cdn_url)
        return found[1] if found else ""

    @property
    def public_path(self) -> str:
        """The path prefix of the public URL, without a slash at the end."""
        found = PUBLIC_URL.fullmatch(self.public_url)
        return found[2] if found else ""

    def key(self, purpose: str) -> bytes:
        """A 256-bit key for one purpose only, derived from the service's secret."""
        return derived_key(self.secret.get_secret_value(), purpose)

    def caller_key(self, callee: str) -> str:
        """The key with which this service authenticates to the callee, which knows only this key and not the secret."""
        return caller_key(self.secret.get_secret_value(), callee)


def _is_strong(secret: SecretStr) -> bool:
    value = secret.get_secret_value()
    return len(value) >= 32 and not value.startswith("development")

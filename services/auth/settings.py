"""Settings of the auth service, read from the environment."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from shared.mail.transport import SmtpTransport, Transport, transport_from
from shared.settings import PUBLIC_URL
from shared.settings import Settings as SharedSettings

from .provider_config import Provider, read_providers

_SENDER = re.compile(r"[^<>@\r\n]+@[A-Za-z0-9.-]+|[^<>@\r\n]*<[^<>@\s]+@[A-Za-z0-9.-]+>")


class Settings(SharedSettings):
    database_url: str = "sqlite:///data/auth.db"
    """`sqlite:///path/to/file.db` or `mysql+pymysql://user:password@host/schema`; several hosts of one group, of which
    the primary is used, are separated by commas. Contains a password.
    """
    storage_url: str = Field(default_factory=lambda: Path("data/files/auth").resolve().as_uri())
    """Where files are stored: `file:///folder`, or `s3://bucket/prefix` with the AWS_* variables."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8101
    """The TCP port to listen on."""
    passkey_origin: str = ""
    """The URL of the pages on which passkeys work: only its scheme, host and port matter.

    By default that of `PUBLIC_URL`, without it http://localhost:8080. A passkey works for one host: with another one,
    everybody has to register new ones.
    """
    social_url: str = "http://127.0.0.1:8102"
    """Where the social service is reached."""
    posts_url: str = "http://127.0.0.1:8103"
    """Where the posts service is reached."""
    dm_url: str = "http://127.0.0.1:8104"
    """Where the dm service is reached."""
    notifications_url: str = "http://127.0.0.1:8105"
    """Where the notifications service is reached."""
    sign_up: Literal["open", "invitation", "approval"] = "open"
    """Who may sign up: everybody; whoever has an invitation; everybody, but a moderator has to let them in."""
    default_region: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "KR"
    """Where a phone number without a country code is from (ISO 3166)."""
    refresh_idle_days: Annotated[int, Field(ge=1)] = 30
    """How long a session lasts without being used."""
    refresh_absolute_days: Annotated[int, Field(ge=1)] = 90
    """How long a session lasts at most."""
    mail_url: SecretStr = SecretStr("log:")
    """Where messages to the owners of accounts go: `smtp://user:password@host:587` (with STARTTLS), `smtps://...`,
    `file:///folder`, or `log:` for standard error. Contains a password. See docs/operations.md, "Mail".
    """
    mail_from: str = ""
    """The sender of messages, such as `Shutter <no-reply@example.org>`. Needed for SMTP."""
    oidc_providers: SecretStr = SecretStr("")
    """The OpenID Connect providers that people can sign in with: a JSON list of objects with `id`, `name`, `issuer`,
    `client_id`, `client_secret`, and optionally `scopes` and `redirect_uris`. Contains secrets. See
    docs/sign-in-providers.md.
    """
    argon2_memory_kib: Annotated[int, Field(ge=8)] = 19_456
    """Memory that a password hash takes; with two iterations this is OWASP's second configuration."""
    argon2_iterations: Annotated[int, Field(ge=1)] = 2
    """Passes over that memory."""

    @field_validator("passkey_origin")
    @classmethod
    def _an_origin(cls, url: str) -> str:
        found = PUBLIC_URL.fullmatch(url)
        if url and found is None:
            raise ValueError("PASSKEY_ORIGIN is not a URL such as https://example.com")
        return found[1] if found else ""

    @property
    def relying_party_origin(self) -> str:
        """The origin that an authenticator has to confirm."""
        return self.passkey_origin or self.public_origin or "http://localhost:8080"

    @model_validator(mode="after")
    def _mail_can_be_sent(self) -> Self:
        try:
            transport = self.mail_transport
        except ValueError as problem:
            raise ValueError(f"MAIL_URL: {problem}") from None
        if isinstance(transport, SmtpTransport) and not _SENDER.fullmatch(self.mail_from):
            raise ValueError("MAIL_FROM has to be an address such as Shutter <no-reply@example.org>")
        return self

    @model_validator(mode="after")
    def _providers_are_complete(self) -> Self:
        _ = self.identity_providers
        return self

    @property
    def identity_providers(self) -> tuple[Provider, ...]:
        """The providers, each with where it may send people back. Raises ValueError."""
        return read_providers(
            self.oidc_providers.get_secret_value(),
            base_url=self.link_base,
            is_production=self.environment == "production",
        )

    @property
    def mail_transport(self) -> Transport:
        """Where messages go."""
        return transport_from(self.mail_url.get_secret_value(), self.mail_from or "Shutter <shutter@localhost>")

    @property
    def link_base(self) -> str:
        """What the links of messages begin with. Never from a request, whose Host header an attacker can choose."""
        return self.public_url.rstrip("/") or "http://localhost:8080"

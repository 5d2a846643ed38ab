"""Settings of the baseline processes."""

from typing import Any

import jwt
from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """Read from the environment."""

    port: int = 0
    database_url: str = ""
    posts_url: str = ""
    pool_size: int = 10
    public_key: dict[str, Any] = Field(default_factory=dict)
    """A JWK (RFC 7517), known here and never asked for."""
    token_issuer: str = "shutter"  # noqa: S105 - a name
    token_audience: str = "shutter"  # noqa: S105 - a name

    def key(self) -> jwt.PyJWK:
        """The key that signs access tokens."""
        return jwt.PyJWK(self.public_key, algorithm="EdDSA")


settings = Settings()

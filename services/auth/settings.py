"""Settings of the auth service, read from the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.settings import Settings as SharedSettings


class Settings(SharedSettings):
    database_url: str = "sqlite:///data/auth.db"
    storage_url: str = Field(default_factory=lambda: Path("data/files/auth").resolve().as_uri())
    port: Annotated[int, Field(ge=0, le=65535)] = 8101
    default_region: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "KR"
    """Where a phone number without a country code is from (ISO 3166)."""
    refresh_idle_days: Annotated[int, Field(ge=1)] = 30
    refresh_absolute_days: Annotated[int, Field(ge=1)] = 90
    argon2_memory_kib: Annotated[int, Field(ge=8)] = 19_456
    argon2_iterations: Annotated[int, Field(ge=1)] = 2
    """Cost of a password hash; with parallelism 1 this is OWASP's second configuration."""

"""What the social service is told from outside."""

from typing import Annotated

from pydantic import Field

from shared.settings import Settings as SharedSettings


class Settings(SharedSettings):
    """Read from the environment."""

    database_url: str = "sqlite:///data/social.db"
    port: Annotated[int, Field(ge=0, le=65535)] = 8102

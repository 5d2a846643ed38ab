"""What the social service is told from outside."""

from typing import Annotated

from pydantic import Field

from shared.settings import Settings as SharedSettings

FOLLOWING_LIMIT = 7_500


class Settings(SharedSettings):
    """Read from the environment."""

    database_url: str = "sqlite:///data/social.db"
    port: Annotated[int, Field(ge=0, le=65535)] = 8102
    following_limit: Annotated[int, Field(ge=1)] = FOLLOWING_LIMIT
    """How many people one person may follow: what a feed costs grows with them where it is not pushed."""

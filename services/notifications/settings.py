"""Settings of the notifications service, read from the environment."""

from typing import Annotated

from pydantic import Field

from shared.settings import Settings as SharedSettings


class Settings(SharedSettings):
    database_url: str = "sqlite:///data/notifications.db"
    """`sqlite:///path/to/file.db` or `mysql+pymysql://user:password@host/schema`; several hosts of one group, of which
    the primary is used, are separated by commas. Contains a password.
    """
    port: Annotated[int, Field(ge=0, le=65535)] = 8105
    """The TCP port to listen on."""
    social_url: str = "http://127.0.0.1:8102"
    """Where the social service is reached."""
    posts_url: str = "http://127.0.0.1:8103"
    """Where the posts service is reached."""

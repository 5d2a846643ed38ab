"""Settings of the social service, read from the environment."""

from typing import Annotated

from pydantic import Field

from shared.settings import Settings as SharedSettings

FOLLOWING_LIMIT = 7_500


class Settings(SharedSettings):
    database_url: str = "sqlite:///data/social.db"
    """`sqlite:///path/to/file.db` or `mysql+pymysql://user:password@host/schema`; several hosts of one group, of which
    the primary is used, are separated by commas. Contains a password.
    """
    port: Annotated[int, Field(ge=0, le=65535)] = 8102
    """The TCP port to listen on."""
    following_limit: Annotated[int, Field(ge=1)] = FOLLOWING_LIMIT
    """How many users one user may follow: the cost of a feed that is read on demand grows with them."""

"""Settings of the dm service, read from the environment."""

from typing import Annotated

from pydantic import Field

from shared.settings import Settings as SharedSettings


class Settings(SharedSettings):
    database_url: str = "sqlite:///data/dm.db"
    """`sqlite:///path/to/file.db` or `mysql+pymysql://user:password@host/schema`; several hosts of one group, of which
    the primary is used, are separated by commas. Contains a password.
    """
    storage_url: str = "file:data/files/dm"
    """Where files are stored: `file:///folder`, or `s3://bucket/prefix` with the AWS_* variables."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8104
    """The TCP port to listen on."""
    social_url: str = "http://127.0.0.1:8102"
    """Where the social service is reached."""
    posts_url: str = "http://127.0.0.1:8103"
    """Where the posts service is reached."""
    sockets: Annotated[int, Field(ge=1)] = 5_000
    """WebSockets open at once in this process."""
    sockets_per_person: Annotated[int, Field(ge=1)] = 20
    """The same for one user."""

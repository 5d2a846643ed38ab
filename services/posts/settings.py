"""Settings of the posts service, read from the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.settings import Settings as SharedSettings


class Settings(SharedSettings):
    database_url: str = "sqlite:///data/posts.db"
    """`sqlite:///path/to/file.db` or `mysql+pymysql://user:password@host/schema`; several hosts of one group, of which
    the primary is used, are separated by commas. Contains a password.
    """
    storage_url: str = Field(default_factory=lambda: Path("data/files/posts").resolve().as_uri())
    """Where files are stored: `file:///folder`, or `s3://bucket/prefix` with the AWS_* variables."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8103
    """The TCP port to listen on."""
    social_url: str = "http://127.0.0.1:8102"
    """Where the social service is reached."""
    pushed_followers: Annotated[int, Field(ge=1)] = 10_000
    """Posts of authors with at most this number of followers are copied to timelines; others are merged at reading."""
    storage_quota_mb: Annotated[int, Field(ge=0)] = 0
    """Megabytes that all photos of one person may take, in all sizes and formats; 0: as many as there is room for.

    Without photos of conversations, and those of a release before this setting.
    """
    timeline_kept: Annotated[int, Field(ge=1)] = 2_500
    """Posts that a timeline keeps: 100 pages of 20 and some more; older ones are read on demand."""

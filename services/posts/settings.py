"""Settings of the posts service, read from the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.settings import Settings as SharedSettings


class Settings(SharedSettings):
    database_url: str = "sqlite:///data/posts.db"
    storage_url: str = Field(default_factory=lambda: Path("data/files/posts").resolve().as_uri())
    port: Annotated[int, Field(ge=0, le=65535)] = 8103

    pushed_followers: Annotated[int, Field(ge=1)] = 10_000
    """Posts of authors with at most so many followers are copied to timelines; others are merged at reading."""
    timeline_kept: Annotated[int, Field(ge=1)] = 2_500
    """Posts that a timeline keeps: 100 pages of 20 and some more; older ones are read on demand."""

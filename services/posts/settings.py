"""What the posts service is told from outside."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.settings import Settings as SharedSettings


class Settings(SharedSettings):
    """Read from the environment."""

    database_url: str = "sqlite:///data/posts.db"
    storage_url: str = Field(default_factory=lambda: Path("data/files/posts").resolve().as_uri())
    port: Annotated[int, Field(ge=0, le=65535)] = 8103

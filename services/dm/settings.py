"""Settings of the dm service, read from the environment."""

from typing import Annotated

from pydantic import Field

from shared.settings import Settings as SharedSettings


class Settings(SharedSettings):
    database_url: str = "sqlite:///data/dm.db"
    storage_url: str = "file:data/files/dm"
    port: Annotated[int, Field(ge=0, le=65535)] = 8104
    posts_url: str = "http://127.0.0.1:8103"
    sockets: Annotated[int, Field(ge=1)] = 5_000
    sockets_per_person: Annotated[int, Field(ge=1)] = 20
    """WebSockets open at once in this process, and how many of them may belong to one user."""

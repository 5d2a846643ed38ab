"""Request and response bodies of the baseline."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class FromRow(BaseModel):
    """Read from an ORM object."""

    model_config = ConfigDict(from_attributes=True)


class UserRef(FromRow):
    id: int
    nickname: str
    name: str
    avatar_url: str | None
    deleted: bool = False


class Media(FromRow):
    id: int
    url: str
    thumbnail_url: str
    width: int
    height: int
    blurhash: str
    alt: str | None
    content_type: str


class Post(FromRow):
    """A post as a user sees it."""

    id: int
    author: UserRef
    caption: str | None
    media: list[Media]
    like_count: int
    comment_count: int
    liked: bool
    created_at: datetime
    updated_at: datetime


class Posts(BaseModel):
    """A page of posts."""

    items: list[Post]
    next_cursor: int | None


class NewPost(BaseModel):
    """A post to create."""

    media_ids: Annotated[list[int], Field(min_length=1, max_length=10)]
    caption: Annotated[str, Field(max_length=2200)] | None = None


class Like(BaseModel):
    """Whether the user likes a post, and the number of likes."""

    post_id: int
    liked: bool
    like_count: int

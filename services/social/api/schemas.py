"""The bodies that social gives, for OpenAPI."""

from typing import Annotated

from pydantic import BaseModel, Field

AN_ID = "0037a52d5f400001"


class UserRef(BaseModel):
    """A person as others see them; `deleted` is of those who have withdrawn."""

    id: Annotated[str, Field(examples=[AN_ID])]
    nickname: Annotated[str, Field(examples=["ada"])] | None
    name: Annotated[str, Field(examples=["Ada Lovelace"])] | None
    avatar_url: Annotated[str, Field(examples=["/api/v1/avatars/5f0c2b8e.jpg"])] | None
    deleted: bool


class UserRefs(BaseModel):
    """A page of people."""

    items: list[UserRef]
    next_cursor: Annotated[str, Field(examples=["nT0sVb1p6mCkW3s0WzE2OTg0XQ"])] | None


class Relation(BaseModel):
    """How one stands to another: whether one follows them, and is followed by them."""

    user_id: Annotated[str, Field(examples=[AN_ID])]
    following: bool
    followed_by: bool


class Relations(BaseModel):
    """All relations that were asked for; there is never a next page."""

    items: list[Relation]
    next_cursor: Annotated[str, Field(examples=["nT0sVb1p6mCkW3s0WzE2OTg0XQ"])] | None


class Counts(BaseModel):
    """How many follow somebody, and how many they follow."""

    followers_count: Annotated[int, Field(examples=[12])]
    following_count: Annotated[int, Field(examples=[7])]

"""Response bodies of social."""

from typing import Annotated

from pydantic import BaseModel, Field

from shared.web import id_list, pagination
from shared.web.fields import Count, IdText, NextCursor

from ..queries import MAX_SOME


class UserRef(BaseModel):
    """A user as others see them; `deleted` if the account is deleted."""

    id: IdText
    nickname: Annotated[str, Field(max_length=30, examples=["ada"])] | None
    name: Annotated[str, Field(max_length=60, examples=["Ada Lovelace"])] | None
    avatar_url: Annotated[str, Field(examples=["/api/v1/avatars/5f0c2b8e.jpg"])] | None
    deleted: bool


class UserRefs(BaseModel):
    """A page of users."""

    items: Annotated[list[UserRef], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class Relation(BaseModel):
    """Whether the user follows another one, is followed by them, and blocks or mutes them."""

    user_id: IdText
    following: bool
    followed_by: bool
    blocking: bool
    muting: bool


class Relations(BaseModel):
    """All requested relations; there is never a next page."""

    items: Annotated[list[Relation], Field(max_length=id_list.MAX_IDS)]
    next_cursor: NextCursor


class Counts(BaseModel):
    """How many users follow a user, and how many they follow."""

    followers_count: Annotated[Count, Field(examples=[12])]
    following_count: Annotated[Count, Field(examples=[7])]
    followed_by_some: Annotated[
        list[UserRef] | None,
        Field(
            max_length=MAX_SOME,
            description="Some of those whom the signed-in user follows and who follow this user; null without a token",
        ),
    ]

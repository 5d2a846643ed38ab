"""Request and response bodies of notifications."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from shared.ids import Id
from shared.lengths import MAX_LENGTHS
from shared.web import pagination
from shared.web.fields import Count, IdText, NextCursor, Timestamp
from shared.web.request_body import StrictModel

from ..models import KINDS
from ..queries import MAX_UNREAD, SHOWN_ACTORS, Preference

NotificationKind = Literal[
    "follow", "like", "comment", "reply", "mention", "comment_like", "room_request", "moderation"
]


class UserRef(BaseModel):
    """A user as others see them; `deleted` if the account is deleted."""

    id: IdText
    nickname: Annotated[str, Field(max_length=30, examples=["ada"])] | None
    name: Annotated[str, Field(max_length=60, examples=["Ada Lovelace"])] | None
    avatar_url: Annotated[str, Field(examples=["/api/v1/avatars/5f0c2b8e.jpg"])] | None
    deleted: bool


class NotificationPost(BaseModel):
    """The post that a notification is about. The picture is absent while it cannot be read."""

    id: IdText
    thumbnail_url: Annotated[str, Field(examples=["/api/v1/media/5f0c2b8e-320.webp"])] | None


class NotificationComment(BaseModel):
    """The comment that a notification is about. The text is absent while it cannot be read."""

    id: IdText
    text: Annotated[str, Field(max_length=MAX_LENGTHS["comment"], examples=["Lovely light!"])] | None


class RemovedContent(BaseModel):
    """What a moderator removed. The owner gets the moderator's words by mail."""

    kind: Literal["post", "comment", "message"]
    reason: Annotated[str | None, Field(description="The category of the report; more may be added", examples=["spam"])]


class Notification(BaseModel):
    """What happened to a user: everything of one kind about one subject."""

    id: IdText
    kind: NotificationKind
    actors: Annotated[list[UserRef], Field(max_length=SHOWN_ACTORS, description="The newest ones, newest first")]
    actor_count: Annotated[Count, Field(examples=[1])]
    post: NotificationPost | None
    comment: NotificationComment | None
    room_id: IdText | None
    removed: Annotated[RemovedContent | None, Field(description="Only of kind `moderation`, which has no actors")]
    read: bool
    created_at: Timestamp
    updated_at: Timestamp


class Notifications(BaseModel):
    """A page of notifications. It may have fewer than asked for, also if it is not the last."""

    items: Annotated[list[Notification], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class Unread(BaseModel):
    """How many notifications are unread."""

    count: Annotated[int, Field(ge=0, le=MAX_UNREAD, description=f"At most {MAX_UNREAD}", examples=[3])]


class Read(StrictModel):
    """The newest notification that has been read."""

    up_to: Id


class KindSettings(BaseModel):
    """Whether a kind is listed, and pushed as well. What is not listed is not pushed."""

    list: bool
    push: bool


class NotificationSettings(BaseModel):
    """What the user wants, for each kind."""

    follow: KindSettings
    like: KindSettings
    comment: KindSettings
    reply: KindSettings
    mention: KindSettings
    comment_like: KindSettings
    room_request: KindSettings
    moderation: KindSettings


class NewKindSettings(StrictModel):
    """Whether a kind is listed, and pushed as well. What is not listed is not pushed."""

    list: bool
    push: bool


class NewSettings(StrictModel):
    """What the user wants; kinds that are absent stay as they are."""

    follow: NewKindSettings | None = None
    like: NewKindSettings | None = None
    comment: NewKindSettings | None = None
    reply: NewKindSettings | None = None
    mention: NewKindSettings | None = None
    comment_like: NewKindSettings | None = None
    room_request: NewKindSettings | None = None
    moderation: NewKindSettings | None = None

    def preferences(self) -> dict[str, Preference]:
        """Those that are given, by kind."""
        given = {kind: getattr(self, kind) for kind in KINDS}
        return {kind: Preference(each.list, each.push) for kind, each in given.items() if each is not None}

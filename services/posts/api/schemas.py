"""Request and response bodies of posts."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from shared.ids import Id
from shared.images.limits import MAX_SIDE
from shared.images.variants import MAX_VARIANTS
from shared.lengths import MAX_LENGTHS
from shared.text import has_visible_character
from shared.web import pagination
from shared.web.camera_info import CameraInfo
from shared.web.fields import Count, IdText, NextCursor, Timestamp
from shared.web.request_body import VISIBLE, WITH_VISIBLE, StrictModel, Text

from ..text_entities import MAX_MENTIONS, MAX_TAG_LENGTH, MAX_TAGS

AN_ID = "0037a52d5f400001"
ANOTHER_ID = "0037a52d5f400002"
MAX_PHOTOS = 10


def _none_if_blank(text: str | None) -> str | None:
    return text if text is not None and has_visible_character(text) else None


def _distinct(media_ids: list[int]) -> list[int]:
    if len(set(media_ids)) < len(media_ids):
        raise PydanticCustomError("duplicate_media", "Each photo once")
    return media_ids


MediaIds = Annotated[
    list[Id],
    Field(
        min_length=1,
        max_length=MAX_PHOTOS,
        description="In the order in which they are shown",
        examples=[[AN_ID]],
        json_schema_extra={"uniqueItems": True},
    ),
    AfterValidator(_distinct),
]
Caption = Annotated[Text, Field(max_length=MAX_LENGTHS["caption"], examples=["The harbour this morning 🌊"])]
GivenCaption = Annotated[Caption | None, AfterValidator(_none_if_blank)]
"""A caption without a visible character counts as none."""
CommentText = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=MAX_LENGTHS["comment"],
        examples=["Lovely light!"],
        json_schema_extra={"pattern": WITH_VISIBLE},
    ),
    VISIBLE,
]
Alt = Annotated[Text, Field(max_length=MAX_LENGTHS["alt"], examples=["Boats in a harbour"])]


GivenAlt = Annotated[Alt | None, AfterValidator(_none_if_blank)]
"""An alternative text without a visible character counts as none."""


class PhotoChanges(StrictModel):
    """The new alternative text; `null` or blanks remove it. Without the field, nothing changes."""

    alt: GivenAlt = None


class NewPost(StrictModel):
    """A post to publish."""

    media_ids: MediaIds
    caption: GivenCaption = None


class PostChanges(StrictModel):
    """The fields to change; absent ones stay. `null` or blanks remove the caption."""

    caption: GivenCaption = None
    media_ids: MediaIds = Field(default_factory=list)


class NewComment(StrictModel):
    """A new comment; with `parent_id` a reply to another one of the same post."""

    text: CommentText
    parent_id: Annotated[Id, Field(examples=[AN_ID])] | None = None


class CommentChanges(StrictModel):
    """The new text."""

    text: CommentText


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


class Variant(BaseModel):
    """A photo in one size and format."""

    width: Annotated[int, Field(ge=1, le=MAX_SIDE, examples=[1080])]
    height: Annotated[int, Field(ge=1, le=MAX_SIDE, examples=[810])]
    url: Annotated[str, Field(examples=["/api/v1/media/9d1a4f6b8c7d6e5f9d1a4f6b8c7d6e5f-1080.webp"])]
    content_type: Annotated[str, Field(max_length=40, examples=["image/webp"])]


class Media(BaseModel):
    """A photo; show `blurhash` while it loads. `url` is the largest JPEG, `thumbnail_url` one for lists.

    `variants` has all sizes in all formats, ascending, for a `srcset`; it is empty for photos of before it existed. All
    files of a photo that is `missing` are lost: its URLs lead nowhere, but it may be found again.
    """

    id: IdText
    url: Annotated[str, Field(examples=["/api/v1/media/9d1a4f6b8c7d6e5f.jpg"])]
    thumbnail_url: Annotated[str, Field(examples=["/api/v1/media/4a3b2c1d5f0c2b8e.jpg"])]
    width: Annotated[int, Field(ge=1, le=MAX_SIDE, examples=[2048])]
    height: Annotated[int, Field(ge=1, le=MAX_SIDE, examples=[1536])]
    blurhash: Annotated[str, Field(max_length=120, examples=["LEHV6nWB2yk8pyo0adR*.7kCMdnj"])]
    alt: Alt | None
    content_type: Annotated[str, Field(max_length=40, examples=["image/jpeg"])]
    variants: Annotated[list[Variant], Field(max_length=MAX_VARIANTS)]
    camera_info: CameraInfo | None
    missing: bool


Tag = Annotated[str, Field(max_length=MAX_TAG_LENGTH, examples=["harbour"])]
Mentions = Annotated[
    list[UserRef],
    Field(max_length=MAX_MENTIONS, description="Who is mentioned by `@nickname`, as they are named now"),
]


class Post(BaseModel):
    """A post; `liked` and `saved` are whether the user who asks likes it, and has saved it."""

    id: IdText
    author: UserRef
    caption: Caption | None
    tags: Annotated[
        list[Tag], Field(max_length=MAX_TAGS, description="Of the caption, as they are compared: NFKC, case folded")
    ]
    mentions: Mentions
    media: Annotated[list[Media], Field(max_length=MAX_PHOTOS)]
    like_count: Annotated[Count, Field(examples=[12])]
    comment_count: Annotated[Count, Field(examples=[3])]
    liked: bool
    saved: bool
    created_at: Timestamp
    updated_at: Timestamp


class Posts(BaseModel):
    """A page of posts."""

    items: Annotated[list[Post], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class TagCount(BaseModel):
    """A tag, and how many posts have it."""

    tag: Tag
    post_count: Annotated[Count, Field(examples=[12])]


class Tags(BaseModel):
    """A page of tags."""

    items: Annotated[list[TagCount], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class Like(BaseModel):
    """Whether the user likes a post, and how many users do."""

    post_id: IdText
    liked: bool
    like_count: Annotated[Count, Field(examples=[12])]


class Save(BaseModel):
    """Whether the user has saved a post."""

    post_id: IdText
    saved: bool


class CommentLike(BaseModel):
    """Whether the user likes a comment, and how many users do."""

    comment_id: Annotated[IdText, Field(examples=[ANOTHER_ID])]
    liked: bool
    like_count: Annotated[Count, Field(examples=[4])]


class Comment(BaseModel):
    """A comment. One that is `deleted` has no author, text and likes; it stays as long as it has replies.

    `reply_count` counts replies that are not deleted: of a first comment in its whole thread, of a reply its direct
    replies.
    """

    id: Annotated[IdText, Field(examples=[ANOTHER_ID])]
    post_id: IdText
    parent_id: Annotated[IdText, Field(examples=["0037a52d5f400000"])] | None
    author: UserRef | None
    text: Annotated[str, Field(max_length=MAX_LENGTHS["comment"], examples=["Lovely light!"])] | None
    mentions: Mentions
    deleted: bool
    reply_count: Annotated[Count, Field(examples=[2])]
    like_count: Annotated[Count, Field(examples=[4])]
    liked: bool
    created_at: Timestamp
    updated_at: Timestamp


class Comments(BaseModel):
    """A page of comments."""

    items: Annotated[list[Comment], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor

"""Request and response bodies of dm."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ModelWrapValidatorHandler, RootModel, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from shared.ids import Id
from shared.images.limits import MAX_SIDE
from shared.images.variants import MAX_VARIANTS
from shared.lengths import MAX_LENGTHS
from shared.web import pagination
from shared.web.camera_info import CameraInfo
from shared.web.fields import Count, IdText, NextCursor, Timestamp
from shared.web.request_body import VISIBLE, WITH_VISIBLE, StrictModel, Text

AN_ID = "0037a52d5f400001"
A_LINK = f"/api/v1/rooms/{AN_ID}/media/{AN_ID}/display.jpg?expires=1795426200&signature=mBq3Vg5x0S1yTr2c7dLhJp4k"

Alt = Annotated[Text, Field(max_length=MAX_LENGTHS["alt"], examples=["A quay at dusk"])]
MessageType = Literal["text", "image", "post"]


class OpenRoom(StrictModel):
    """The other user."""

    user_id: Id


class NewTextMessage(StrictModel):
    """A text."""

    type: Literal["text"]
    text: Annotated[
        Text,
        Field(
            min_length=1,
            max_length=MAX_LENGTHS["message"],
            examples=["Lunch at one?"],
            json_schema_extra={"pattern": WITH_VISIBLE},
        ),
        VISIBLE,
    ]
    reply_to: Annotated[Id | None, Field(description="An earlier message of this room")] = None


class NewImageMessage(StrictModel):
    """A photo that was uploaded to this room, and not sent before."""

    type: Literal["image"]
    media_id: Id
    reply_to: Annotated[Id | None, Field(description="An earlier message of this room")] = None


class NewPostMessage(StrictModel):
    """A shared post."""

    type: Literal["post"]
    post_id: Id
    reply_to: Annotated[Id | None, Field(description="An earlier message of this room")] = None


class NewMessage(RootModel[Annotated[NewTextMessage | NewImageMessage | NewPostMessage, Field(discriminator="type")]]):
    """Exactly one of a text, a photo and a post; `type` says which."""

    @model_validator(mode="wrap")
    @classmethod
    def _place_faults(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Report errors at their places in the body, where the names of the message types do not occur."""
        try:
            return handler(given)
        except ValidationError as problem:
            field_errors = [_placed(each) for each in problem.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, field_errors) from None


def _placed(fault: Any) -> InitErrorDetails:
    if fault["type"].startswith("union_tag"):
        unknown = PydanticCustomError("literal_error", "Must be text, image or post")
        return InitErrorDetails(type=unknown, loc=("type",), input=None)
    error = PydanticCustomError(fault["type"], fault["msg"], fault.get("ctx"))
    return InitErrorDetails(type=error, loc=fault["loc"][1:], input=None)


class Read(StrictModel):
    """The last message that is read."""

    message_id: Id


class MessageSettings(StrictModel):
    """Who may begin a conversation: everyone, those whom the user follows, or nobody."""

    senders: Annotated[Literal["everyone", "following", "nobody"], Field(alias="from", examples=["following"])]


class UserRef(BaseModel):
    """A user as others see them; `deleted` if the account is deleted."""

    id: IdText
    nickname: Annotated[str, Field(max_length=30, examples=["ada"])] | None
    name: Annotated[str, Field(max_length=60, examples=["Ada Lovelace"])] | None
    avatar_url: Annotated[str, Field(examples=["/api/v1/avatars/5f0c2b8e.jpg"])] | None
    deleted: bool


class Variant(BaseModel):
    """A photo in one size and format."""

    width: Annotated[int, Field(ge=1, le=MAX_SIDE, examples=[1080])]
    height: Annotated[int, Field(ge=1, le=MAX_SIDE, examples=[810])]
    url: Annotated[str, Field(examples=[A_LINK.replace("display.jpg", "1080.webp")])]
    content_type: Annotated[str, Field(max_length=40, examples=["image/webp"])]


class Media(BaseModel):
    """A photo; show `blurhash` while it loads. `url` is the largest JPEG, `thumbnail_url` one for lists.

    `variants` has all sizes in all formats, ascending, for a `srcset`; it is empty for photos of before it existed.
    The URLs of a photo of a room work without a token, for about an hour. All files of a photo that is `missing` are
    lost: its URLs lead nowhere, but it may be found again.
    """

    id: IdText
    url: Annotated[str, Field(examples=[A_LINK])]
    thumbnail_url: Annotated[str, Field(examples=[A_LINK.replace("display", "thumbnail")])]
    width: Annotated[int, Field(ge=1, le=MAX_SIDE, examples=[2048])]
    height: Annotated[int, Field(ge=1, le=MAX_SIDE, examples=[1536])]
    blurhash: Annotated[str, Field(max_length=120, examples=["LEHV6nWB2yk8pyo0adR*.7kCMdnj"])]
    alt: Annotated[Text, Field(max_length=1000, examples=["A quay at dusk"])] | None
    content_type: Annotated[str, Field(max_length=40, examples=["image/jpeg"])]
    variants: Annotated[list[Variant], Field(max_length=MAX_VARIANTS)]
    camera_info: CameraInfo | None
    missing: bool


MessageText = Annotated[str, Field(max_length=MAX_LENGTHS["message"], examples=["Lunch at one?"])]


Removed = Annotated[
    bool, Field(description="A moderator has removed it: it is a text without characters, whatever it was")
]


class Quote(BaseModel):
    """The earlier message that this one quotes."""

    id: IdText
    sender_id: IdText
    type: MessageType
    text: MessageText | None
    thumbnail_url: Annotated[
        str | None, Field(description="Of a photo", examples=[A_LINK.replace("display", "thumbnail")])
    ]
    removed: Removed


class SharedPost(BaseModel):
    """The post that a message shares. `deleted`: it is gone, or the user may not see it; then only its id is known."""

    id: IdText
    author: UserRef | None
    thumbnail_url: Annotated[str | None, Field(examples=["/api/v1/media/5f0c2b8e-320.webp"])]
    deleted: bool


class _Message(BaseModel):
    """Absent contents are null. (Not of the type `null` alone: some generators would then omit the field.)"""

    id: IdText
    room_id: IdText
    sender: UserRef
    text: MessageText | None
    image: Media | None
    post_id: IdText | None
    post: Annotated[
        SharedPost | None,
        Field(description="Null also if it is not known: in rooms, on the WebSocket, and while posts is unavailable"),
    ]
    reply_to: Quote | None
    removed: Removed
    created_at: Timestamp


class TextMessage(_Message):
    """A text. `image` and `post_id` are null."""

    type: Literal["text"]
    text: MessageText


class ImageMessage(_Message):
    """A photo. `text` and `post_id` are null."""

    type: Literal["image"]
    image: Media


class PostMessage(_Message):
    """A shared post. `text` and `image` are null."""

    type: Literal["post"]
    post_id: IdText


class Message(RootModel[Annotated[TextMessage | ImageMessage | PostMessage, Field(discriminator="type")]]):
    """A message; exactly one of `text`, `image` and `post_id` is not null, and `type` says which."""


class Messages(BaseModel):
    """A page of messages."""

    items: Annotated[list[Message], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class Room(BaseModel):
    """The room of two users, as one of them sees it."""

    id: IdText
    peer: UserRef
    closed: Annotated[bool, Field(description="Nobody can write: the account of the peer is deleted or suspended")]
    last_message: Message | None
    unread_count: Annotated[Count, Field(examples=[3])]
    peer_read_id: Annotated[IdText | None, Field(description="The newest message that the other user has read")]
    state: Annotated[
        Literal["open", "request"], Field(description="`request`: the other user began, and one has not accepted")
    ]
    muted: Annotated[bool, Field(description="The user wants no notifications of its messages")]
    hidden: Annotated[
        bool, Field(description="Not listed until there is a new message; for a request: it was declined")
    ]
    created_at: Timestamp


class Rooms(BaseModel):
    """A page of rooms."""

    items: Annotated[list[Room], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class ReadMark(BaseModel):
    """Up to which message a user has read a room."""

    room_id: IdText
    user_id: IdText
    message_id: IdText

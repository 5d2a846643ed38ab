"""Request and response bodies of dm."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ModelWrapValidatorHandler, RootModel, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from shared.ids import Id
from shared.images.limits import MAX_SIDE
from shared.lengths import MAX_LENGTHS
from shared.web import pagination
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
        """Faults are told at the places of the body, in which the kinds of message do not occur."""
        try:
            return handler(given)
        except ValidationError as problem:
            field_errors = [_placed(each) for each in problem.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, field_errors) from None


def _placed(fault: Any) -> InitErrorDetails:
    if fault["type"].startswith("union_tag"):
        unknown = PydanticCustomError("literal_error", "Has to be text, image or post")
        return InitErrorDetails(type=unknown, loc=("type",), input=None)
    told = PydanticCustomError(fault["type"], fault["msg"], fault.get("ctx"))
    return InitErrorDetails(type=told, loc=fault["loc"][1:], input=None)


class Read(StrictModel):
    """The last message that is read."""

    message_id: Id


class UserRef(BaseModel):
    """A user as others see them; `deleted` if the account is deleted."""

    id: IdText
    nickname: Annotated[str, Field(max_length=30, examples=["ada"])] | None
    name: Annotated[str, Field(max_length=60, examples=["Ada Lovelace"])] | None
    avatar_url: Annotated[str, Field(examples=["/api/v1/avatars/5f0c2b8e.jpg"])] | None
    deleted: bool


class Media(BaseModel):
    """A photo in two sizes; show `blurhash` while it loads.

    The URLs of a photo of a room work without a token, for about an hour.
    """

    id: IdText
    url: Annotated[str, Field(examples=[A_LINK])]
    thumbnail_url: Annotated[str, Field(examples=[A_LINK.replace("display", "thumbnail")])]
    width: Annotated[int, Field(ge=1, le=MAX_SIDE, examples=[2048])]
    height: Annotated[int, Field(ge=1, le=MAX_SIDE, examples=[1536])]
    blurhash: Annotated[str, Field(max_length=120, examples=["LEHV6nWB2yk8pyo0adR*.7kCMdnj"])]
    alt: Annotated[Text, Field(max_length=1000, examples=["A quay at dusk"])] | None
    content_type: Annotated[str, Field(max_length=40, examples=["image/jpeg"])]


MessageText = Annotated[str, Field(max_length=MAX_LENGTHS["message"], examples=["Lunch at one?"])]


class Quote(BaseModel):
    """The earlier message that this one quotes."""

    id: IdText
    sender_id: IdText
    type: MessageType
    text: MessageText | None


class _Message(BaseModel):
    """What is not there is null. (Its type is not null alone: some generators then leave the field out.)"""

    id: IdText
    room_id: IdText
    sender: UserRef
    text: MessageText | None
    image: Media | None
    post_id: IdText | None
    reply_to: Quote | None
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
    last_message: Message | None
    unread_count: Annotated[Count, Field(examples=[3])]
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


class MessageCreated(BaseModel):
    """Sent on the WebSocket: a user has sent a message."""

    event: Literal["message.created"]
    data: Message


class RoomRead(BaseModel):
    """Sent on the WebSocket: a user has read a room up to a message."""

    event: Literal["room.read"]
    data: ReadMark

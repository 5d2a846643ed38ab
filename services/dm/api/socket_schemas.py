"""What is sent over the WebSocket, for the descriptions and for reading it."""

from typing import Literal

from pydantic import BaseModel

from shared.ids import Id
from shared.web.fields import IdText
from shared.web.request_body import StrictModel

from .schemas import Message, ReadMark, Room


class InRoom(StrictModel):
    """A room of the user."""

    room_id: Id


class SendTyping(StrictModel):
    """Sent on the WebSocket by clients: the user is writing."""

    event: Literal["typing"]
    data: InRoom


class WhoTypes(BaseModel):
    """Who is writing, and where."""

    room_id: IdText
    user_id: IdText


class Typing(BaseModel):
    """Sent on the WebSocket: the other user of a room is writing, or was a few seconds ago."""

    event: Literal["typing"]
    data: WhoTypes


class MessageCreated(BaseModel):
    """Sent on the WebSocket: a user has sent a message."""

    event: Literal["message.created"]
    data: Message


class MessageUpdated(BaseModel):
    """Sent on the WebSocket: a moderator has removed a message. Show it in place of what is known of it."""

    event: Literal["message.updated"]
    data: Message


class RoomRead(BaseModel):
    """Sent on the WebSocket: a user has read a room up to a message."""

    event: Literal["room.read"]
    data: ReadMark


class NotificationRef(BaseModel):
    """Which notification it is; `GET /api/v1/notifications` returns it, if it is still there."""

    id: IdText


class NotificationCreated(BaseModel):
    """Sent on the WebSocket: the user has a new notification."""

    event: Literal["notification.created"]
    data: NotificationRef


class NotificationUpdated(BaseModel):
    """Sent on the WebSocket: a notification of the user has changed, or is not there any more."""

    event: Literal["notification.updated"]
    data: NotificationRef


class RoomUpdated(BaseModel):
    """Sent on the WebSocket: what the user sees of a room has changed."""

    event: Literal["room.updated"]
    data: Room

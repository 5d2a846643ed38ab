"""Events that dm consumes, and what it does about them: its policy for deleted accounts, and messages to sockets.

When auth publishes that an account is deleted, the copy of the user becomes a tombstone in the same transaction: the
user has no name any more and cannot write. The other user keeps the room, every message and the photos in them. A
worker then removes what `actions/withdrawals.py` lists: uploads that were never sent, and responses stored under
idempotency keys. It reports to auth when nothing is left, and looks once more when the user's last access token has
expired. If the event never arrives, the reconciliation with auth's list finds the user.

A suspended account is a version like any other: the copy is hidden, keeps its name, rooms and messages,
and is shown again by the version that reinstates it.

Two users of whom one blocks the other cannot write to each other. Their room and its messages stay.

What a moderator removes loses its content in the transaction that marks the event as handled, and both users are told.

Every process also receives what happens in rooms, and sends it to the sockets of both users that are open in it; and
which notifications of a user have changed, because clients open one socket for everything.
"""

from collections.abc import Callable

from pydantic import BaseModel
from sqlalchemy import Connection

from shared import ids
from shared.events.envelope import Event
from shared.events.inbox import Handler
from shared.ids import Id
from shared.replication.replica import Replica

from .actions import removals
from .actions.people import PEOPLE
from .actions.restrictions import RESTRICTIONS
from .actions.withdrawals import WITHDRAWAL
from .socket_notifier import SocketNotifier

USERS = Replica(PEOPLE, WITHDRAWAL)


class UserDeleted(BaseModel):
    user_id: Id


class MessageSent(BaseModel):
    message_id: Id
    room_id: Id
    sender_id: Id
    recipient_id: Id


class RemovedSubject(BaseModel):
    kind: str
    id: Id


class ContentRemoved(BaseModel):
    subject: RemovedSubject


class RoomRead(BaseModel):
    """The reader has read all messages up to this one."""

    message_id: Id
    room_id: Id
    reader_id: Id
    peer_id: Id


class RoomRequested(BaseModel):
    """A request has come, or was answered."""

    room_id: Id
    sender_id: Id
    state: str


class RoomTyping(BaseModel):
    """The user is writing; the peer is told."""

    room_id: Id
    user_id: Id
    peer_id: Id


class RoomUpdated(BaseModel):
    """The user has changed how they see the room."""

    room_id: Id
    user_id: Id


class NotificationChanged(BaseModel):
    """A notification of the user is new, or has changed, or is not there any more."""

    notification_id: Id
    user_id: Id
    created: bool


def on_content_removed(tx: Connection, event: Event) -> None:
    """Remove the content of a message that a moderator has removed."""
    subject = ContentRemoved.model_validate(event.data).subject
    if subject.kind == "message":
        removals.remove(tx, subject.id)


def send_message(notifier: SocketNotifier, event: Event) -> None:
    """Send the message to both users, unless this process has done so after its commit."""
    sent = MessageSent.model_validate(event.data)
    notifier.send_message(sent.message_id, sent.room_id, (sent.sender_id, sent.recipient_id))


def send_removed_message(notifier: SocketNotifier, event: Event) -> None:
    """Send what is left of a removed message to the same users."""
    sent = MessageSent.model_validate(event.data)
    notifier.send_stored_message("message.updated", sent.message_id, sent.room_id, (sent.sender_id, sent.recipient_id))


def send_room_read(notifier: SocketNotifier, event: Event) -> None:
    """Send to both users up to which message one of them has read."""
    read = RoomRead.model_validate(event.data)
    data = {"room_id": read.room_id, "user_id": read.reader_id, "message_id": read.message_id}
    notifier.send("room.read", {name: ids.encode(id_) for name, id_ in data.items()}, read.reader_id, read.peer_id)


def send_room_updated(notifier: SocketNotifier, event: Event) -> None:
    """Send the room to the user who has changed how they see it."""
    updated = RoomUpdated.model_validate(event.data)
    notifier.send_room(updated.user_id, updated.room_id)


def send_room_accepted(notifier: SocketNotifier, event: Event) -> None:
    """Send the room to the sender of a request that was accepted, who may write more and see what is read."""
    answered = RoomRequested.model_validate(event.data)
    if answered.state == "accepted":
        notifier.send_room(answered.sender_id, answered.room_id)


def send_typing(notifier: SocketNotifier, event: Event) -> None:
    """Tell the other user who is writing."""
    typing = RoomTyping.model_validate(event.data)
    data = {"room_id": ids.encode(typing.room_id), "user_id": ids.encode(typing.user_id)}
    notifier.send("typing", data, typing.peer_id)


def send_notification_changed(notifier: SocketNotifier, event: Event) -> None:
    """Tell the user which of their notifications has changed; clients read it over HTTP."""
    changed = NotificationChanged.model_validate(event.data)
    name = "notification.created" if changed.created else "notification.updated"
    notifier.send(name, {"id": ids.encode(changed.notification_id)}, changed.user_id)


def close_sockets(notifier: SocketNotifier, event: Event) -> None:
    """Close the sockets of a user whose account is deleted."""
    notifier.sockets.end_subject(UserDeleted.model_validate(event.data).user_id)


# One process of the service handles each event, once.
HANDLERS: dict[str, Handler] = {
    "user.registered.v1": USERS.on_changed,
    "user.updated.v1": USERS.on_changed,
    "user.deleted.v1": USERS.on_deleted,
    "user.restricted.v1": RESTRICTIONS.on_changed,
    "content.removed.v1": on_content_removed,
}

# Every process handles each event, for the sockets that are open in it. What it misses, clients read over HTTP.
BROADCAST_HANDLERS: dict[str, Callable[[SocketNotifier, Event], None]] = {
    "message.sent.v1": send_message,
    "message.removed.v1": send_removed_message,
    "room.read.v1": send_room_read,
    "room.requested.v1": send_room_accepted,
    "room.typing.v1": send_typing,
    "room.updated.v1": send_room_updated,
    "notification.changed.v1": send_notification_changed,
    "user.deleted.v1": close_sockets,
}


def notify_sockets(notifier: SocketNotifier, event: Event) -> None:
    """Handle one broadcast event."""
    BROADCAST_HANDLERS[event.name](notifier, event)

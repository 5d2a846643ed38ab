"""What dm hears, and what it then does: the whole of its withdrawal policy.

Somebody who withdraws has no name here from the transaction on that hears of it, and can say nothing more. The
other one keeps the room, every message and the photos in them. A worker then removes the uploads that were never
sent and the answers kept for repeated requests, and tells auth; one more sweep follows when their last token has
expired. Should the fact never arrive, comparing with auth's list finds it missing.

What happens in rooms every process overhears, and tells the open sockets of the two, wherever it was said.
"""

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from pydantic import BaseModel
from sqlalchemy import Connection

from shared import ids
from shared.database.engine import Database
from shared.events.envelope import Event
from shared.events.inbox import Handler
from shared.ids import Id
from shared.websockets.hub import OpenSockets

from . import queries
from .actions import people
from .actions.withdrawals import WITHDRAWAL
from .signed_urls import UrlSigner


class UserChanged(BaseModel):
    """What others see of somebody, as it is in this version."""

    user_id: Id
    nickname: str
    name: str
    avatar_url: str | None
    version: int


class UserDeleted(BaseModel):
    """Somebody has withdrawn."""

    user_id: Id


class MessageSent(BaseModel):
    """Something was said in a room."""

    message_id: Id
    room_id: Id
    sender_id: Id
    recipient_id: Id


class RoomRead(BaseModel):
    """Somebody has read up to this message."""

    message_id: Id
    room_id: Id
    reader_id: Id
    peer_id: Id


@dataclass(frozen=True, slots=True)
class SocketNotifier:
    """The open sockets of this process, and where it reads what to say on them."""

    sockets: OpenSockets
    database: Database
    url_signer: UrlSigner

    def on_event(self, event: Event) -> None:
        """Take in one fact that was overheard."""
        BROADCAST_HANDLERS[event.name](self, event)

    def tell(self, name: str, data: object, *user_ids: int) -> None:
        """Say it on every open socket of these people; built once for all of them."""
        self.sockets.tell(user_ids, orjson.dumps({"event": name, "data": data}).decode())


def on_user_changed(tx: Connection, event: Event) -> None:
    """Keep their names."""
    user = UserChanged.model_validate(event.data)
    people.keep(tx, people.Person(user.user_id, user.nickname, user.name, user.avatar_url, user.version))


def on_user_deleted(tx: Connection, event: Event) -> None:
    """Forget their names and begin to purge; or, where auth asks again, say again that it is done."""
    user = UserDeleted.model_validate(event.data)
    if not WITHDRAWAL.request(tx, user.user_id):
        WITHDRAWAL.announce_again(tx, user.user_id)


def tell_message_sent(notifier: SocketNotifier, event: Event) -> None:
    """Say the message to both. Where nobody listens it is not even read."""
    sent = MessageSent.model_validate(event.data)
    both = sent.sender_id, sent.recipient_id
    if notifier.sockets.hears(*both):
        whole = sent.sender_id, sent.room_id, sent.message_id, notifier.url_signer
        notifier.tell("message.created", notifier.database.read(queries.message, *whole), *both)


def tell_room_read(notifier: SocketNotifier, event: Event) -> None:
    """Say to both how far the one has read."""
    read = RoomRead.model_validate(event.data)
    data = {"room_id": read.room_id, "user_id": read.reader_id, "message_id": read.message_id}
    notifier.tell("room.read", {name: ids.text(id_) for name, id_ in data.items()}, read.reader_id, read.peer_id)


def end_sockets(notifier: SocketNotifier, event: Event) -> None:
    """Whoever has withdrawn hears nothing more."""
    notifier.sockets.end_subject(UserDeleted.model_validate(event.data).user_id)


HANDLERS: dict[str, Handler] = {
    "user.registered.v1": on_user_changed,
    "user.updated.v1": on_user_changed,
    "user.deleted.v1": on_user_deleted,
}
"""By the service: one of its processes does it, once."""

BROADCAST_HANDLERS: dict[str, Callable[[SocketNotifier, Event], None]] = {
    "message.sent.v1": tell_message_sent,
    "room.read.v1": tell_room_read,
    "user.deleted.v1": end_sockets,
}
"""By each process, for those who are connected to it; what it misses they read by REST."""

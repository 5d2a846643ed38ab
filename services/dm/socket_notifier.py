"""Sends what happens in rooms to the WebSockets that are open in this process."""

import threading
from typing import Any

import orjson

from shared.database.engine import Database
from shared.websockets.hub import Hub

from . import queries, room_queries
from .signed_urls import UrlSigner

MAX_REMEMBERED = 1_000
"""Messages that were sent by one of two ways. Of more at the same time, the oldest are sent twice."""


class SocketNotifier:
    """Sends events to the sockets that are open in this process. Its methods may be called in any thread."""

    def __init__(self, sockets: Hub, database: Database, url_signer: UrlSigner) -> None:
        self.sockets = sockets
        self._database = database
        self._url_signer = url_signer
        self._sent_once: dict[int, None] = {}
        self._lock = threading.Lock()

    def send(self, name: str, data: object, *user_ids: int) -> None:
        """Send this to every open socket of these users."""
        self.sockets.send_to(user_ids, orjson.dumps({"event": name, "data": data}).decode())  # serialised once for all

    def send_room(self, user_id: int, room_id: int) -> None:
        """Send the room to this user, as they see it."""
        if self.sockets.has_listeners(user_id):
            room = self._database.read(room_queries.room, user_id, room_id, self._url_signer)
            self.send("room.updated", room, user_id)

    def send_new_message(self, message_id: int, both: tuple[int, int], message: dict[str, Any]) -> None:
        """Send a message that this process has just committed, before its event is published."""
        if self.sockets.has_listeners(*both) and self._is_first(message_id):
            self.send("message.created", message, *both)

    def send_message(self, message_id: int, room_id: int, both: tuple[int, int]) -> None:
        """Send a message of which an event tells, unless `send_new_message` has."""
        if self._is_first(message_id):
            self.send_stored_message("message.created", message_id, room_id, both)

    def send_stored_message(self, name: str, message_id: int, room_id: int, both: tuple[int, int]) -> None:
        """Send the message to both users, the sender first; only to the sender if the other has declined the room."""
        if self.sockets.has_listeners(*both):  # otherwise the message need not be read from the database
            read = queries.message_to_push
            shown, declined = self._database.read(read, both[0], room_id, message_id, self._url_signer)
            self.send(name, shown, *(both[:1] if declined else both))

    def _is_first(self, message_id: int) -> bool:
        """Whether this is the first of the two ways on which a message comes here; the event may overtake the other."""
        with self._lock:
            if message_id in self._sent_once:
                del self._sent_once[message_id]
                return False
            self._sent_once[message_id] = None
            if len(self._sent_once) > MAX_REMEMBERED:
                del self._sent_once[next(iter(self._sent_once))]
            return True

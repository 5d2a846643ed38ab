"""Who may begin a conversation with a user."""

from typing import Any

from sqlalchemy import Connection

from shared.database.statements import upsert
from shared.errors import Conflict, Unavailable

from .. import models, queries
from . import people
from .people import State


def store(tx: Connection, user_id: int, senders: str) -> dict[str, Any]:
    """Raises UnknownRecords, Unauthenticated if the user's account is deleted or suspended."""
    if people.states(tx, user_id) != [State.PRESENT]:
        raise queries.user_absent()
    row = {"user_id": user_id, "senders": senders}
    upsert(tx, models.message_settings, row, lambda new: {"senders": new.senders})
    return queries.message_settings(tx, user_id)


def check_opening(tx: Connection, user_id: int, is_followed: bool | None) -> None:
    """Raises Conflict if this user lets only those begin whom they follow, or nobody; Unavailable if it is not known
    whether they follow.
    """
    senders = queries.message_settings(tx, user_id)["from"]
    if senders == "nobody" or (senders == "following" and is_followed is False):
        raise _refused()
    if senders == "following" and is_followed is None:
        raise Unavailable("neighbour_unavailable", "A part of this service is unavailable; please try again.")


def check_request(tx: Connection, user_id: int) -> None:
    """Raises Conflict if this user has closed their requests since one began: whoever sent it is not followed."""
    if queries.message_settings(tx, user_id)["from"] != "everyone":
        raise _refused()


def _refused() -> Conflict:
    return Conflict("messages_refused", "This user accepts no messages from you.")

"""Which kinds of notifications a user wants. A change applies to what happens from then on."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from shared.database.statements import upsert

from .. import models
from ..queries import Preference
from . import people

_preferences = models.preferences.c


def set_some(tx: Connection, person_id: int, wanted: Mapping[str, Preference]) -> None:
    """Store these; other kinds stay as they are. Raises Unauthenticated if the account is deleted or suspended."""
    people.lock_present(tx, person_id)
    for kind, preference in wanted.items():
        values = {"listed": preference.listed, "pushed": preference.pushed}
        row = {"person_id": person_id, "kind": kind, **values}
        upsert(tx, models.preferences, row, lambda new: {"listed": new.listed, "pushed": new.pushed})


def is_listed(tx: Connection, person_id: int, kind: str) -> bool:
    """Whether the user wants this kind in the list."""
    this = (_preferences.person_id == person_id) & (_preferences.kind == kind)
    return tx.execute(select(_preferences.listed).where(this)).scalar_one_or_none() is not False


def remove_some_of(tx: Connection, person_id: int, _chunk: int) -> bool:
    """Remove those of a user whose account is deleted: one for each kind. Returns False: there are no more."""
    tx.execute(delete(models.preferences).where(_preferences.person_id == person_id))
    return False

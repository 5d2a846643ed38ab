"""Who is mentioned in a caption or a comment: resolved when the text is written, stored by id.

A mention that stays in an edited text stays the user's, also if their nickname has changed since. An unknown nickname
is text.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Table, delete, insert, select

from .. import models
from ..events import Mentioned
from ..text_entities import spellings

_people = models.people.c


def write(tx: Connection, table: Table, subject_id: int, names: Sequence[str]) -> Mentioned:
    """Store those mentioned by these names in this text, and no others. The row of the text is locked, or new.

    Returns whom the text mentions, and no longer mentions.
    """
    subject, by_name = table.columns[0], spellings(names)
    there = {row.name: row.person_id for row in tx.execute(select(table).where(subject == subject_id))}
    known = {each: there[each] for each in by_name if each in there}
    known |= _resolved(tx, by_name.keys() - known.keys())
    order = {name: position for position, name in enumerate(names)}
    found: dict[int, tuple[int, str]] = {}  # nobody is mentioned twice, by a former nickname and by the present one
    for nickname, person_id in known.items():
        found.setdefault(person_id, (order[by_name[nickname]], nickname))
    if there:
        tx.execute(delete(table).where(subject == subject_id))
    if found:
        rows = [
            {subject.name: subject_id, "person_id": person_id, "name": name, "position": position}
            for person_id, (position, name) in sorted(found.items())
        ]
        tx.execute(insert(table), rows)
    return Mentioned(sorted(found), sorted(set(there.values()) - found.keys()))


def remove_of(tx: Connection, table: Table, subject_ids: Collection[int]) -> None:
    """Remove the mentions in these texts."""
    if subject_ids:
        tx.execute(delete(table).where(table.columns[0].in_(subject_ids)))


def remove_some_by(table: Table, tx: Connection, person_id: int, chunk: int) -> bool:
    """Remove some mentions of a user whose account is deleted. Returns whether there may be more."""
    subject, person = table.columns[0], table.c.person_id
    some = select(subject).where(person == person_id).order_by(subject).limit(chunk)
    subject_ids = list(tx.execute(some).scalars())
    tx.execute(delete(table).where(person == person_id, subject.in_(subject_ids)))
    return len(subject_ids) == chunk


def _resolved(tx: Connection, nicknames: Collection[str]) -> dict[str, int]:
    if not nicknames:
        return {}
    # Also suspended accounts: they are shown when they are reinstated. Deleted ones have no nickname.
    named = select(_people.nickname, _people.id).where(_people.nickname.in_(nicknames))
    return {row.nickname: row.id for row in tx.execute(named)}

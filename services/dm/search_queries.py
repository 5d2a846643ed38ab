"""The search in one's own messages. It changes nothing."""

from sqlalchemy import Connection, false, func, select

from shared.pagination import Page, PageRequest

from . import models, queries
from .signed_urls import UrlSigner

MAX_TEXTS = 20_000
"""Texts that are compared for one page: it takes some milliseconds, however many texts a user has."""
_texts, _members, _messages = models.searched_texts.c, models.members.c, models.messages.c


def search(
    connection: Connection,
    user_id: int,
    folded: str,
    page: PageRequest,
    url_signer: UrlSigner,
    max_texts: int = MAX_TEXTS,
) -> Page:
    """Messages in the user's rooms whose texts contain this folded text, newest first.

    Hidden rooms are searched, requests that the user has not accepted are not. If the page is not full after the newest
    `max_texts` texts, the next page goes on behind them.
    """
    mine = _texts.user_id == user_id
    if page.after is not None:
        mine &= _texts.message_id < page.after[0]
    newest_first = select(_texts.message_id).where(mine).order_by(_texts.message_id.desc())
    window = newest_first.limit(max_texts).subquery("newest")
    number, oldest = connection.execute(select(func.count(), func.min(window.c.message_id))).one()
    # A scalar subquery, which is looked up for each text found; MySQL and SQLite may read all members first for a join.
    requested = select(_members.requested).where(_members.room_id == _texts.room_id, _members.user_id == _texts.user_id)
    matching = newest_first.where(
        _texts.message_id >= (oldest or 0),
        func.instr(_texts.folded, folded) > 0,
        requested.scalar_subquery() == false(),
    )
    found = connection.execute(matching.limit(page.limit + 1)).scalars().all()
    shown = found[: page.limit]
    full = connection.execute(queries.everything().where(_messages.id.in_(shown))).all() if shown else []
    items = [queries.message_json(row, url_signer) for row in sorted(full, key=lambda row: -row.message_id)]
    if len(found) > page.limit:
        return Page(items, (shown[-1],))
    return Page(items, (oldest,) if number == max_texts else None)

"""Tags of posts: listed, counted exactly, changed with the caption, and gone with the post and the account."""

import pytest
from sqlalchemy import delete, insert, update

from services.posts import models
from services.posts.actions import posts, tags
from services.posts.actions.people import PEOPLE
from services.posts.actions.reindexing import Reindexing
from services.posts.actions.suspensions import SUSPENSION
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.posts import latest
from services.posts.queries.posts import post as shown
from services.posts.queries.tags import posts_of_tag, search
from shared import ids
from shared.database.engine import Database
from shared.pagination import PageRequest

from .factories import (
    FIRST,
    listed,
    published,
    purge_to_the_end,
    rows_of,
    size,
    some_people,
    tag_counts,
)


def suspend(database: Database, person: int, version: int, *, suspended: bool) -> None:
    names = {"nickname": "nick1", "name": "Name", "avatar_url": None}
    database.write(PEOPLE.store, {"user_id": ids.encode(person), **names, "version": version, "suspended": suspended})
    while database.write(SUSPENSION.step):
        pass


def test_tags_of_a_caption_are_shown_listed_and_counted(database: Database) -> None:
    jo, fan = some_people(database, 2)
    first = published(database, jo, "#Harbour in the #morning")
    second = published(database, fan, "the #HARBOUR #항구")
    published(database, jo, "without")
    assert database.read(shown, first, None)["tags"] == ["harbour", "morning"]
    assert [each["tags"] for each in database.read(latest, None, FIRST).items] == [
        [], ["harbour", "항구"], ["harbour", "morning"],
    ]  # fmt: skip
    for spelled in ("harbour", "HarBour", "ｈａｒｂｏｕｒ"):
        assert listed(database, posts_of_tag, spelled, None) == [second, first]
    assert listed(database, posts_of_tag, "항구", None) == [second]
    assert [listed(database, posts_of_tag, each, None) for each in ("nothing", "", "#", "\x00")] == [[]] * 4
    assert tag_counts(database) == {"harbour": 2, "morning": 1, "항구": 1}


def test_tags_are_found_by_their_beginning_in_pages(database: Database) -> None:
    (jo,) = some_people(database, 1)
    published(database, jo, "#sea #seal #seoul #서울 #서울역 #s")
    published(database, jo, "#sea")
    assert tag_counts(database, "SE") == {"sea": 2, "seal": 1, "seoul": 1}
    assert tag_counts(database, "서울") == {"서울": 1, "서울역": 1}
    assert tag_counts(database, "x") == tag_counts(database, "\u200d") == {}
    page = database.read(search, "se", PageRequest(2, None))
    assert page.items == [{"tag": "sea", "post_count": 2}, {"tag": "seal", "post_count": 1}]
    rest = database.read(search, "se", PageRequest(2, page.next))
    assert (rest.items, rest.next) == ([{"tag": "seoul", "post_count": 1}], None)


def test_pages_of_a_tag_are_newest_first(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post_ids = [published(database, author, "#sea") for author in (jo, fan, jo, fan, jo)]
    page = database.read(posts_of_tag, "sea", None, PageRequest(3, None))
    rest = database.read(posts_of_tag, "sea", None, PageRequest(3, page.next))
    assert [ids.parse(each["id"]) for each in (*page.items, *rest.items)] == post_ids[::-1]


def test_edit_of_the_caption_changes_the_tags(database: Database) -> None:
    (jo,) = some_people(database, 1)
    post = published(database, jo, "#one #two")
    database.write(posts.edit, jo, post, {"caption": "#two #three"})
    assert database.read(shown, post, jo)["tags"] == ["two", "three"]
    assert tag_counts(database) == {"two": 1, "three": 1}
    assert listed(database, posts_of_tag, "one", None) == []
    database.write(posts.edit, jo, post, {})
    assert tag_counts(database) == {"two": 1, "three": 1}
    database.write(posts.edit, jo, post, {"caption": None})
    assert tag_counts(database) == {} and size(database, models.post_tags) == 0
    assert database.read(shown, post, jo)["tags"] == []


def test_tags_go_with_the_post_and_with_the_account(database: Database) -> None:
    jo, gone = some_people(database, 2)
    post = published(database, jo, "#sea #sky")
    for _ in range(3):
        published(database, gone, "#sea #sun")
    database.write(posts.delete_post, jo, post)
    assert tag_counts(database) == {"sea": 3, "sun": 3}
    database.write(WITHDRAWAL.request, gone)
    assert listed(database, posts_of_tag, "sea", None) == []
    purge_to_the_end(database)
    assert tag_counts(database) == {} and size(database, models.post_tags) == 0


def test_posts_of_suspended_accounts_are_neither_listed_nor_counted(database: Database) -> None:
    jo, hidden = some_people(database, 2)
    post = published(database, jo, "#sea")
    theirs = [published(database, hidden, f"#sea #sun{number}") for number in range(12)]
    suspend(database, hidden, 2, suspended=True)
    assert listed(database, posts_of_tag, "sea", None) == [post] and tag_counts(database) == {"sea": 1}
    suspend(database, hidden, 3, suspended=False)
    assert listed(database, posts_of_tag, "sea", None) == [*theirs[::-1], post]
    assert tag_counts(database, "sea") == {"sea": 13} and len(tag_counts(database, "sun")) == 12
    suspend(database, hidden, 4, suspended=True)
    database.write(WITHDRAWAL.request, hidden)
    purge_to_the_end(database)
    assert tag_counts(database) == {"sea": 1} and size(database, models.post_tags) == 1


def test_captions_from_before_get_their_tags(database: Database) -> None:
    """Also those that a release without tags has edited since, and those of a suspended account."""
    jo, hidden = some_people(database, 2)
    captions = ["#one @nick1 #two", None, "words", "#one"]
    old = [published(database, author, caption) for author in (jo, hidden) for caption in captions]
    for table in (models.post_tags, models.tag_counters, models.post_mentions):
        database.write(lambda tx, table=table: tx.execute(delete(table)))  # type: ignore[misc] # executed at once
    database.write(lambda tx: tx.execute(update(models.posts).values(tags=None, names=None)))
    suspend(database, hidden, 2, suspended=True)
    edited = published(database, jo, "#three")
    this = update(models.posts).where(models.posts.c.id == edited).values(caption="#four", updated_at=9)
    database.write(lambda tx: tx.execute(this))
    reindexing = Reindexing(database)
    while reindexing.step():
        pass
    assert tag_counts(database) == {"one": 2, "two": 1, "four": 1}
    assert listed(database, posts_of_tag, "one", None) == [old[3], old[0]]
    assert database.read(shown, edited, None)["updated_at"].startswith("1970")
    suspend(database, hidden, 3, suspended=False)
    assert tag_counts(database) == {"one": 4, "two": 2, "four": 1}
    (mentioned,) = database.read(shown, old[4], None)["mentions"]
    assert mentioned["id"] == ids.encode(hidden)


def test_wrong_counters_of_tags_are_corrected(database: Database) -> None:
    (jo,) = some_people(database, 1)
    for number in range(2 * tags.CHUNK_TAGS):
        published(database, jo, f"#right{number:02}")
    gone = published(database, jo, "#less #orphan #missing")
    published(database, jo, "#less #missing")
    table = models.tag_counters
    for change in (
        update(table).where(table.c.tag == "less").values(posts=7),
        delete(table).where(table.c.tag == "missing"),
        insert(table).values(tag="zombie", slot=3, posts=2),
        delete(models.posts).where(models.posts.c.id == gone),
    ):
        database.write(lambda tx, change=change: tx.execute(change))  # type: ignore[misc] # executed at once
    corrected: list[str] = []
    after: str | None = ""
    while after is not None:
        after, some = database.write(tags.recount_some, after)
        corrected += some
    assert corrected == ["less", "missing", "orphan", "zombie"]
    assert {tag: count for tag, count in tag_counts(database).items() if not tag.startswith("right")} == {
        "less": 1, "missing": 1,
    }  # fmt: skip
    assert not [row for row in rows_of(database, models.post_tags) if row.post_id == gone]
    assert database.write(tags.recount_some, "right99") == (None, [])


@pytest.mark.parametrize("caption", ["#a" * 31 + " #b", " ".join(f"@nick{number}" for number in range(40))])
def test_longest_lists_fit_in_their_columns(database: Database, caption: str) -> None:
    (jo,) = some_people(database, 1)
    published(database, jo, caption)
    longest = [f"{number:02}" + "字" * 48 for number in range(30)]
    post = published(database, jo, " ".join(f"#{tag}" for tag in longest))
    assert database.read(shown, post, jo)["tags"] == longest

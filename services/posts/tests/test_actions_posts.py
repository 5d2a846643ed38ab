"""P1, P2, P6, P8, P10: the content of a post, who may change it, and what is deleted with it."""

import pytest
from sqlalchemy import update

from services.posts import models
from services.posts.actions import comments, likes, photos, posts
from services.posts.actions.post_cleanup import remove_some
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.comments import comments_of, replies_to
from services.posts.queries.likes import likers
from services.posts.queries.photos import file_names
from services.posts.queries.posts import latest, posts_of, require_author
from services.posts.queries.posts import post as shown
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import Forbidden, Invalid, NotFound, Unauthenticated
from shared.replication.projections import UnknownRecords

from .factories import (
    FIRST,
    all_like,
    commented,
    listed,
    photos_of,
    published,
    remove_to_the_end,
    rows_of,
    size,
    some_people,
    uploaded,
)


def refusal(database: Database, author: int, media_ids: list[int]) -> str:
    """The code with which these photos, of which only the last cannot be used, are refused for a new post."""
    with pytest.raises(Invalid) as problem:
        database.write(posts.publish, author, media_ids, None)
    assert [fault.pointer for fault in problem.value.field_errors] == [f"/media_ids/{len(media_ids) - 1}"]
    return problem.value.code


def test_p1_photos_of_a_post_keep_their_order(database: Database) -> None:
    (jo,) = some_people(database, 1)
    first, second, third = (uploaded(database, jo, f"photo {number}") for number in range(3))
    post = database.write(posts.publish, jo, [third, first, second], "three")
    found = database.read(shown, post, None)
    assert [photo["alt"] for photo in photos_of(found)] == ["photo 2", "photo 0", "photo 1"]
    assert found["author"] == {
        "id": ids.encode(jo),
        "nickname": "nick0",
        "name": "Name 0",
        "avatar_url": None,
        "deleted": False,
    }
    assert found["caption"] == "three" and found["created_at"] == found["updated_at"]


def test_p1_photo_must_be_an_unused_upload_of_the_author(database: Database) -> None:
    jo, other = some_people(database, 2)
    own, used, theirs = uploaded(database, jo), uploaded(database, jo), uploaded(database, other)
    database.write(posts.publish, jo, [used], None)
    assert refusal(database, jo, [used]) == refusal(database, jo, [own, used]) == "media_already_used"
    assert refusal(database, jo, [theirs]) == refusal(database, jo, [ids.new()]) == "unknown_media"
    assert refusal(database, other, [used]) == "unknown_media", "whether others use their photos is not told"
    assert size(database, models.posts) == 1
    database.write(posts.publish, jo, [own], None)


def test_p1_photo_can_be_used_for_a_day(database: Database) -> None:
    (jo,) = some_people(database, 1)
    fresh, old = uploaded(database, jo), uploaded(database, jo)
    age(database, fresh, photos.UNUSED_FOR_MS - clock.MINUTE)
    age(database, old, photos.UNUSED_FOR_MS + 1)
    assert refusal(database, jo, [old]) == "unknown_media"
    database.write(posts.publish, jo, [fresh], None)


def age(database: Database, media: int, by: int) -> None:
    """Make an upload older by this time."""
    table = models.media
    older = update(table).where(table.c.id == media).values(created_at=table.c.created_at - by)
    database.write(lambda tx: tx.execute(older))


def test_unused_uploads_are_deleted_after_a_day(database: Database) -> None:
    (jo,) = some_people(database, 1)
    young, old, used = (uploaded(database, jo) for _ in range(3))
    database.write(posts.publish, jo, [used], None)
    for each in (old, used):
        age(database, each, photos.UNUSED_FOR_MS + 1)
    while database.write(photos.delete_unused, 1):
        pass
    assert {row.id for row in rows_of(database, models.media)} == {young, used}


def test_files_are_kept_while_a_post_shows_them(database: Database) -> None:
    (jo,) = some_people(database, 1)
    kept, dropped = uploaded(database, jo), uploaded(database, jo)
    files = {row.id: set(file_names(row)) for row in rows_of(database, models.media)}
    in_a_day = clock.now() + photos.UNUSED_FOR_MS
    assert len(due := rows_of(database, models.disposal)) == 16 and all(row.due_at > in_a_day for row in due)
    post = database.write(posts.publish, jo, [kept, dropped], None)
    assert rows_of(database, models.disposal) == []
    database.write(posts.edit, jo, post, {"media_ids": [kept]})
    due = rows_of(database, models.disposal)
    assert {row.name for row in due} == files[dropped]
    assert all(clock.now() < row.due_at <= clock.now() + photos.REPLACED_RETENTION_MS for row in due), (
        "for pages from before"
    )
    database.write(posts.delete_post, jo, post)
    assert {row.name for row in rows_of(database, models.disposal)} == files[kept] | files[dropped]
    assert all(row.due_at <= clock.now() for row in rows_of(database, models.disposal)), "all go at once"
    assert rows_of(database, models.media) == []


def test_deleting_a_post_keeps_other_files(database: Database) -> None:
    (jo,) = some_people(database, 1)
    _unused, *media = (uploaded(database, jo) for _ in range(5))
    edited = database.write(posts.publish, jo, media[:2], None)
    deleted = database.write(posts.publish, jo, media[2:], None)
    database.write(posts.edit, jo, edited, {"media_ids": media[:1]})
    database.write(posts.edit, jo, deleted, {"media_ids": media[3:]})
    waiting = {row.name for row in rows_of(database, models.disposal)}
    database.write(posts.delete_post, jo, deleted)
    later = [row for row in rows_of(database, models.disposal) if row.due_at > clock.now()]
    assert len(later) == 16 and {row.name for row in later} < waiting
    assert {row.post_id for row in later} == {edited, None}


def test_p8_edit_changes_given_fields_and_updated_at(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    (jo,) = some_people(database, 1)
    post = published(database, jo, "before", 2)
    stages = [database.read(shown, post, None)]
    keep, drop = (ids.parse(photo["id"]) for photo in photos_of(stages[0]))
    new = uploaded(database, jo)
    changes: list[posts.Changes] = [{"caption": "after"}, {"media_ids": [new, keep]}, {"caption": None}]
    for change in changes:
        database.write(posts.edit, jo, post, change)
        stages.append(database.read(shown, post, None))
    assert [stage["caption"] for stage in stages] == ["before", "after", "after", None]
    assert [ids.parse(photo["id"]) for photo in photos_of(stages[-1])] == [new, keep]
    times = [stage["updated_at"] for stage in stages]
    assert times == sorted(set(times)), "each edit moves it, also within one millisecond"
    assert {stage["created_at"] for stage in stages} == {times[0]}
    assert refusal(database, jo, [drop]) == "unknown_media"


def test_p8_empty_edit_changes_nothing(database: Database) -> None:
    (jo,) = some_people(database, 1)
    post = published(database, jo, "words")
    before = rows_of(database, models.posts)
    database.write(posts.edit, jo, post, {})
    assert rows_of(database, models.posts) == before


def test_p8_edit_with_invalid_photos_changes_nothing(database: Database) -> None:
    jo, other = some_people(database, 2)
    post, second = published(database, jo, "words"), published(database, jo)
    used = ids.parse(photos_of(database.read(shown, second, None))[0]["id"])
    before = rows_of(database, models.posts), rows_of(database, models.media)
    for media_ids in ([uploaded(database, other)], [used], [ids.new()]):
        with pytest.raises(Invalid):
            database.write(posts.edit, jo, post, {"caption": "new", "media_ids": media_ids})
    assert rows_of(database, models.posts) == before[0]
    assert [row for row in rows_of(database, models.media) if row.owner_id == jo] == before[1]


def test_p6_only_the_author_edits_and_deletes(database: Database) -> None:
    jo, other = some_people(database, 2)
    post = published(database, jo, "mine")
    with pytest.raises(Forbidden, match="not_yours"):
        database.write(posts.edit, other, post, {"caption": "stolen"})
    with pytest.raises(Forbidden, match="not_yours"):
        database.write(posts.delete_post, other, post)
    assert database.read(shown, post, None)["caption"] == "mine"


def test_p10_deleted_post_is_hidden_from_every_query(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post = published(database, jo)
    all_like(database, [fan], post)
    comment = commented(database, fan, post)
    database.write(posts.delete_post, jo, post)
    for query in (require_author, comments_of, likers):
        arguments = (None,) if query is require_author else (None, FIRST)
        with pytest.raises(NotFound):
            database.read(query, post, *arguments)
    with pytest.raises(NotFound):
        database.read(replies_to, comment, None, FIRST)
    assert listed(database, latest, None) == listed(database, posts_of, jo, None) == []


def test_p10_deleted_post_cannot_be_liked_commented_on_or_deleted(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post = published(database, jo)
    comment = commented(database, fan, post)
    database.write(posts.delete_post, jo, post)
    for person, action, *arguments in (
        (jo, posts.delete_post, post),
        (jo, posts.edit, post, {}),
        (fan, likes.like, post),
        (fan, likes.unlike, post),
        (fan, comments.write, post, "hello?", None),
        (fan, comments.edit, comment, "still here?"),
        (fan, comments.delete_comment, comment),
    ):
        with pytest.raises(NotFound):
            database.write(action, person, *arguments)


@pytest.mark.parametrize("steps", [1, 3, 6, 8])
def test_p10_data_of_a_deleted_post_is_removed_after_any_interruption(database: Database, steps: int) -> None:
    jo, *fans = some_people(database, 6)
    post, other = published(database, jo), published(database, jo)
    for each in (post, other):
        all_like(database, fans, each)
        first = commented(database, fans[0], each)
        commented(database, fans[1], each, parent=first)
    database.write(posts.delete_post, jo, post)
    for _ in range(steps):
        database.write(remove_some, 1)
    remove_to_the_end(database, 2)
    for table in (models.likes, models.comments, models.tallies):
        assert {row.post_id for row in rows_of(database, table)} == {other}
    assert rows_of(database, models.removals) == []


def test_post_of_a_withdrawn_user_is_hidden_at_once(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post = published(database, jo)
    comment = commented(database, fan, post)
    database.write(WITHDRAWAL.request, jo)
    with pytest.raises(NotFound):
        database.read(shown, post, fan)
    with pytest.raises(NotFound):
        database.read(replies_to, comment, None, FIRST)
    with pytest.raises(NotFound):
        database.read(posts_of, jo, None, FIRST)
    for person, action, *arguments in ((fan, likes.like, post), (fan, comments.write, post, "x", None)):
        with pytest.raises(NotFound):
            database.write(action, person, *arguments)
    assert listed(database, latest, None) == []


def test_token_of_a_withdrawn_user_changes_nothing(database: Database) -> None:
    jo, friend = some_people(database, 2)
    post, photo = published(database, friend), uploaded(database, jo)
    comment = commented(database, jo, post)
    own = published(database, jo)
    database.write(WITHDRAWAL.request, jo)
    before = [rows_of(database, table) for table in models.metadata.tables.values()]
    for action, *arguments in (
        (posts.publish, [photo], None),
        (posts.edit, own, {"caption": "x"}),
        (posts.delete_post, own),
        (likes.like, post),
        (likes.unlike, post),
        (comments.write, post, "x", None),
        (comments.edit, comment, "x"),
        (comments.delete_comment, comment),
        (photos.reserve, ["name.jpg"]),
        (photos.keep, photos.Upload("a", "a.jpg", "b.jpg", 1, 1, "x", None, "image/jpeg")),
    ):
        with pytest.raises(Unauthenticated):
            database.write(action, jo, *arguments)
    assert [rows_of(database, table) for table in models.metadata.tables.values()] == before


def test_unknown_user_is_reported_before_a_write_or_lookup(database: Database) -> None:
    (jo,) = some_people(database, 1)
    post, unknown_user = published(database, jo), ids.new()
    with pytest.raises(UnknownRecords) as problem:
        database.write(likes.like, unknown_user, post)
    assert problem.value.ids == (unknown_user,)
    with pytest.raises(UnknownRecords):
        database.read(posts_of, unknown_user, None, FIRST)

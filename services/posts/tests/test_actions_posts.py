"""P1, P2, P6, P8, P10: what a post is made of, who may change it, and what goes with it."""

import pytest
from sqlalchemy import update

from services.posts import models
from services.posts.actions import comments, likes, photos, posts
from services.posts.actions.post_cleanup import remove_some
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.comments import comments_of, replies_to
from services.posts.queries.likes import likers
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
    """The code with which these photos are refused for a new post."""
    with pytest.raises(Invalid) as problem:
        database.write(posts.publish, author, media_ids, None)
    assert [fault.pointer for fault in problem.value.field_errors] == ["/media_ids"]
    return problem.value.code


def test_p1_a_post_shows_its_photos_in_the_order_given(database: Database) -> None:
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


def test_p1_a_photo_has_to_be_ones_own_and_not_used_yet(database: Database) -> None:
    jo, other = some_people(database, 2)
    own, used, theirs = uploaded(database, jo), uploaded(database, jo), uploaded(database, other)
    database.write(posts.publish, jo, [used], None)
    assert refusal(database, jo, [used]) == refusal(database, jo, [own, used]) == "media_already_used"
    assert refusal(database, jo, [theirs]) == refusal(database, jo, [ids.new()]) == "unknown_media"
    assert refusal(database, other, [used]) == "unknown_media", "whether others use their photos is not told"
    assert size(database, models.posts) == 1
    database.write(posts.publish, jo, [own], None)


def test_p1_a_photo_can_be_used_for_a_day(database: Database) -> None:
    (jo,) = some_people(database, 1)
    fresh, old = uploaded(database, jo), uploaded(database, jo)
    age(database, fresh, photos.UNUSED_FOR - clock.MINUTE)
    age(database, old, photos.UNUSED_FOR + 1)
    assert refusal(database, jo, [old]) == "unknown_media"
    database.write(posts.publish, jo, [fresh], None)


def age(database: Database, media: int, by: int) -> None:
    """Let an upload be so much older."""
    table = models.media
    older = update(table).where(table.c.id == media).values(created_at=table.c.created_at - by)
    database.write(lambda tx: tx.execute(older))


def test_uploads_that_nobody_used_are_forgotten_after_a_day(database: Database) -> None:
    (jo,) = some_people(database, 1)
    young, old, used = (uploaded(database, jo) for _ in range(3))
    database.write(posts.publish, jo, [used], None)
    for each in (old, used):
        age(database, each, photos.UNUSED_FOR + 1)
    while database.write(photos.forget_unused, 1):
        pass
    assert {row.id for row in rows_of(database, models.media)} == {young, used}


def test_the_files_of_an_upload_stay_from_when_a_post_shows_it_until_it_no_longer_does(database: Database) -> None:
    (jo,) = some_people(database, 1)
    kept, dropped = uploaded(database, jo), uploaded(database, jo)
    files = {row.id: {row.display, row.thumbnail} for row in rows_of(database, models.media)}
    in_a_day = clock.now() + photos.UNUSED_FOR
    assert len(due := rows_of(database, models.disposal)) == 4 and all(row.due_at > in_a_day for row in due)
    post = database.write(posts.publish, jo, [kept, dropped], None)
    assert rows_of(database, models.disposal) == []
    database.write(posts.edit, jo, post, {"media_ids": [kept]})
    due = rows_of(database, models.disposal)
    assert {row.name for row in due} == files[dropped]
    assert all(clock.now() < row.due_at <= clock.now() + photos.REPLACED_KEPT for row in due), "for pages from before"
    database.write(posts.delete_post, jo, post)
    assert {row.name for row in rows_of(database, models.disposal)} == files[kept] | files[dropped]
    assert all(row.due_at <= clock.now() for row in rows_of(database, models.disposal)), "all go at once"
    assert rows_of(database, models.media) == []


def test_files_of_other_posts_and_unused_uploads_do_not_go_with_a_post(database: Database) -> None:
    (jo,) = some_people(database, 1)
    _unused, *media = (uploaded(database, jo) for _ in range(5))
    edited = database.write(posts.publish, jo, media[:2], None)
    deleted = database.write(posts.publish, jo, media[2:], None)
    database.write(posts.edit, jo, edited, {"media_ids": media[:1]})
    database.write(posts.edit, jo, deleted, {"media_ids": media[3:]})
    waiting = {row.name for row in rows_of(database, models.disposal)}
    database.write(posts.delete_post, jo, deleted)
    later = [row for row in rows_of(database, models.disposal) if row.due_at > clock.now()]
    assert len(later) == 4 and {row.name for row in later} < waiting
    assert {row.post_id for row in later} == {edited, None}


def test_p8_an_edit_changes_what_is_given_and_moves_updated_at(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_p8_an_edit_of_nothing_changes_nothing(database: Database) -> None:
    (jo,) = some_people(database, 1)
    post = published(database, jo, "words")
    before = rows_of(database, models.posts)
    database.write(posts.edit, jo, post, {})
    assert rows_of(database, models.posts) == before


def test_p8_an_edit_whose_photos_are_refused_changes_nothing(database: Database) -> None:
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


def test_p10_a_deleted_post_is_gone_at_once_for_every_question(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post = published(database, jo)
    all_like(database, [fan], post)
    comment = commented(database, fan, post)
    database.write(posts.delete_post, jo, post)
    for query in (require_author, comments_of, likers):
        arguments = () if query is require_author else (FIRST,)
        with pytest.raises(NotFound):
            database.read(query, post, *arguments)
    with pytest.raises(NotFound):
        database.read(replies_to, comment, FIRST)
    assert listed(database, latest, None) == listed(database, posts_of, jo, None) == []


def test_p10_a_deleted_post_can_be_neither_liked_nor_commented_on_nor_deleted(database: Database) -> None:
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
def test_p10_what_belonged_to_a_post_goes_wherever_the_worker_is_interrupted(database: Database, steps: int) -> None:
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


def test_a_post_of_somebody_withdrawn_is_hidden_at_once(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post = published(database, jo)
    comment = commented(database, fan, post)
    database.write(WITHDRAWAL.request, jo)
    with pytest.raises(NotFound):
        database.read(shown, post, fan)
    with pytest.raises(NotFound):
        database.read(replies_to, comment, FIRST)
    with pytest.raises(NotFound):
        database.read(posts_of, jo, None, FIRST)
    for person, action, *arguments in ((fan, likes.like, post), (fan, comments.write, post, "x", None)):
        with pytest.raises(NotFound):
            database.write(action, person, *arguments)
    assert listed(database, latest, None) == []


def test_somebody_withdrawn_changes_nothing_with_a_token_still_in_flight(database: Database) -> None:
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
        (photos.keep, photos.Upload("a.jpg", "b.jpg", 1, 1, "x", None, "image/jpeg")),
    ):
        with pytest.raises(Unauthenticated):
            database.write(action, jo, *arguments)
    assert [rows_of(database, table) for table in models.metadata.tables.values()] == before


def test_a_stranger_has_to_be_met_before_they_write_or_are_looked_up(database: Database) -> None:
    (jo,) = some_people(database, 1)
    post, unknown_user = published(database, jo), ids.new()
    with pytest.raises(UnknownRecords) as problem:
        database.write(likes.like, unknown_user, post)
    assert problem.value.ids == (unknown_user,)
    with pytest.raises(UnknownRecords):
        database.read(posts_of, unknown_user, None, FIRST)

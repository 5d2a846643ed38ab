"""Saved posts: only their owner sees them, last saved first, and they go with the post and with the account."""

import pytest

from services.posts import models
from services.posts.actions import posts, saves
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.posts import latest
from services.posts.queries.posts import post as shown
from services.posts.queries.saves import save_json, saved_by
from shared import ids
from shared.database.engine import Database
from shared.errors import NotFound
from shared.pagination import PageRequest

from .factories import (
    FIRST,
    listed,
    published,
    purge_to_the_end,
    remove_to_the_end,
    rows_of,
    save_all,
    size,
    some_people,
)


def test_saving_twice_has_no_further_effect(database: Database) -> None:
    jo, fan = some_people(database, 2)
    first, second = published(database, jo), published(database, jo)
    save_all(database, fan, [first, second, first])
    assert listed(database, saved_by, fan) == [second, first], "the first keeps its position"
    assert database.read(save_json, fan, first) == {"post_id": ids.encode(first), "saved": True}
    for _ in range(2):
        database.write(saves.unsave, fan, second)
        assert database.read(save_json, fan, second) == {"post_id": ids.encode(second), "saved": False}
    assert listed(database, saved_by, fan) == [first]


def test_only_the_owner_sees_what_is_saved(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post, other = published(database, jo), published(database, jo)
    save_all(database, fan, [post])
    for viewer, expected in ((fan, [False, True]), (jo, [False, False]), (None, [False, False])):
        assert [each["saved"] for each in database.read(latest, viewer, FIRST).items] == expected
        assert [database.read(shown, each, viewer)["saved"] for each in (other, post)] == expected
    assert listed(database, saved_by, jo) == []


def test_pages_are_in_the_order_of_saving(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post_ids = [published(database, jo) for _ in range(5)]
    order = [post_ids[each] for each in (2, 0, 4, 1, 3)]
    save_all(database, fan, order)
    found, page = [], PageRequest(2, None)
    while True:
        part = database.read(saved_by, fan, page)
        found += [ids.parse(each["id"]) for each in part.items]
        if part.next is None:
            break
        page = PageRequest(2, part.next)
    assert found == order[::-1]


def test_unknown_and_deleted_posts_cannot_be_saved(database: Database) -> None:
    (jo,) = some_people(database, 1)
    post = published(database, jo)
    database.write(posts.delete_post, jo, post)
    for missing in (post, ids.new()):
        for action in (saves.save, saves.unsave):
            with pytest.raises(NotFound):
                database.write(action, jo, missing)


def test_saves_go_with_the_post_and_with_the_account(database: Database) -> None:
    jo, *fans = some_people(database, 4)
    gone, kept = published(database, jo), published(database, jo)
    for fan in fans:
        save_all(database, fan, [gone, kept])
    database.write(posts.delete_post, jo, gone)
    assert [listed(database, saved_by, fan) for fan in fans] == [[kept]] * 3
    remove_to_the_end(database, 1)
    assert {row.post_id for row in rows_of(database, models.saves)} == {kept}
    database.write(WITHDRAWAL.request, fans[0])
    purge_to_the_end(database)
    assert {row.person_id for row in rows_of(database, models.saves)} == set(fans[1:])
    database.write(WITHDRAWAL.request, jo)
    assert listed(database, saved_by, fans[1]) == []
    purge_to_the_end(database)
    assert size(database, models.saves) == 0

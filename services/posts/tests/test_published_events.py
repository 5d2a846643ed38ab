"""Events that posts publishes: one for each change, none for a change that changes nothing."""

from typing import Any

from services.posts.actions import comment_likes, comments, likes, posts
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.previews import previews
from shared import ids
from shared.database.engine import Database
from shared.testing.query_plans import captured_statements, slow_steps

from .factories import commented, published, purge_to_the_end, restricted, some_people, told

Told = tuple[str, dict[str, Any]]


def encoded(**values: int) -> dict[str, str]:
    return {name: ids.encode(value) for name, value in values.items()}


def new_events(database: Database, before: list[Told]) -> list[Told]:
    """Those since then, without their versions, which have to grow."""
    found = told(database)
    return [(name, {key: value for key, value in data.items() if key != "version"}) for name, data in found][
        len(before) :
    ]


def test_likes_are_published_once_each_with_growing_versions(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post = published(database, jo, "nobody is mentioned")
    comment = commented(database, jo, post)
    before = told(database)
    for module, subject in ((likes, post), (comment_likes, comment)):
        for act in (module.like, module.like, module.unlike, module.unlike):
            database.write(act, fan, subject)
    about = encoded(post_id=post, author_id=jo, person_id=fan)
    assert new_events(database, before) == [
        ("post.liked.v1", {**about, "liked": True}),
        ("post.liked.v1", {**about, "liked": False}),
        ("comment.liked.v1", {**about, **encoded(comment_id=comment), "liked": True}),
        ("comment.liked.v1", {**about, **encoded(comment_id=comment), "liked": False}),
    ]
    versions = [data["version"] for name, data in told(database) if name.endswith("liked.v1")]
    assert versions == sorted(set(versions))


def test_a_like_writes_one_event_more_and_nothing_else(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post = published(database, jo)
    with captured_statements(database) as statements:
        database.write(likes.like, fan, post)
    assert sum("outbox" in statement for statement, _ in statements) == 1
    assert not any("INSERT INTO outbox" not in each and "outbox" in each for each, _ in statements)


def test_mentions_and_their_ends_are_published(database: Database) -> None:
    jo, one, two = some_people(database, 3)
    post = published(database, jo, "with @nick1 and @nick2")
    database.write(posts.edit, jo, post, {"caption": "with @nick2"})
    database.write(posts.edit, jo, post, {"caption": "alone"})
    database.write(posts.edit, jo, post, {"caption": "still alone"})
    database.write(posts.delete_post, jo, post)
    about = encoded(post_id=post, author_id=jo)
    both, first, second = sorted(map(ids.encode, (one, two))), [ids.encode(one)], [ids.encode(two)]
    assert new_events(database, []) == [
        ("post.written.v1", {**about, "mentioned_ids": both, "former_ids": []}),
        ("post.written.v1", {**about, "mentioned_ids": second, "former_ids": first}),
        ("post.written.v1", {**about, "mentioned_ids": [], "former_ids": second}),
        ("post.deleted.v1", about),
    ]


def test_comments_name_all_users_that_they_concern(database: Database) -> None:
    jo, one, two = some_people(database, 3)
    post = published(database, jo)
    comment = commented(database, one, post)
    reply = commented(database, two, post, "to @nick1", comment)
    database.write(comments.edit, two, reply, "to nobody")
    database.write(comments.edit, two, reply, "to nobody at all")
    database.write(comments.delete_comment, two, reply)
    nobody: dict[str, Any] = {"mentioned_ids": [], "former_ids": []}
    first = encoded(comment_id=comment, post_id=post, post_author_id=jo, author_id=one)
    answer = encoded(comment_id=reply, post_id=post, post_author_id=jo, author_id=two, parent_author_id=one)
    assert new_events(database, []) == [
        ("comment.written.v1", {**first, "parent_author_id": None, **nobody}),
        ("comment.written.v1", {**answer, **nobody, "mentioned_ids": [ids.encode(one)]}),
        ("comment.written.v1", {**answer, **nobody, "former_ids": [ids.encode(one)]}),
        ("comment.deleted.v1", encoded(comment_id=reply, post_id=post)),
    ]


def test_posts_of_a_deleted_account_are_published_as_deleted(database: Database) -> None:
    jo, fan = some_people(database, 2)
    both = [published(database, jo), published(database, jo)]
    database.write(likes.like, fan, both[0])
    before = told(database)
    for gone in (jo, fan):
        database.write(WITHDRAWAL.request, gone)
    purge_to_the_end(database)
    assert sorted(data["post_id"] for _, data in new_events(database, before)) == [ids.encode(each) for each in both]


def test_previews_show_what_the_viewer_can_see(database: Database) -> None:
    jo, one, two = some_people(database, 3)
    post, gone = published(database, jo), published(database, jo)
    kept, blocked, deleted = (commented(database, who, post, "words") for who in (one, two, one))
    database.write(posts.delete_post, jo, gone)
    database.write(comments.delete_comment, one, deleted)
    restricted(database, two, jo, blocking=True)
    with captured_statements(database) as statements:
        found = database.read(previews, [post, gone, ids.new()], [kept, blocked, deleted], jo)
    assert [each["id"] for each in found["posts"]] == [ids.encode(post)]
    assert found["posts"][0]["thumbnail_url"].startswith("/api/v1/media/")
    assert found["comments"] == [{"id": ids.encode(kept), "text": "words"}]
    assert len(statements) == 2
    assert not {step for each in statements for step in slow_steps(database, each)}

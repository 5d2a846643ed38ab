"""Timelines: fan-out, merging, fan-in and rebuild."""

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, insert

from services.posts import models
from services.posts.actions import posts
from services.posts.actions.feed import celebrities, fanout, follows, rebuild, trim
from services.posts.actions.feed import timelines as written
from services.posts.main import cli
from services.posts.queries.feed import feed
from services.posts.settings import Settings
from shared import ids
from shared.database.engine import Database
from shared.testing.query_plans import captured_statements

from .factories import follows_now, listed, published, remove_to_the_end, rows_of, some_people
from .feed_checks import paged, settle, timelines


def fans_of(database: Database, author: int, number: int) -> list[int]:
    """This number of followers with existing feeds."""
    fans = some_people(database, number)
    for fan in fans:
        follows_now(database, fan, author)
    settle(database)
    return fans


def test_own_post_is_in_the_own_feed_at_once_and_soon_in_those_of_followers(database: Database) -> None:
    (jo,) = some_people(database, 1)
    fan, other = fans_of(database, jo, 2)
    follows_now(database, jo, fan)
    settle(database)
    post = published(database, jo)
    assert timelines(database) == {fan: [], other: [], jo: [post]}
    assert database.write(fanout.push_some, 100) and not database.write(fanout.push_some, 100)
    assert timelines(database) == {fan: [post], other: [post], jo: [post]}
    assert listed(database, feed, fan) == listed(database, feed, other) == [post]


def test_interrupted_fanout_continues_at_its_checkpoint(database: Database) -> None:
    (jo,) = some_people(database, 1)
    fans = fans_of(database, jo, 5)
    post = published(database, jo)
    for reached in (2, 4):
        database.write(fanout.push_some, 100, 2)
        assert sum(told == [post] for told in timelines(database).values()) == reached
    database.write(fanout.push_some, 100, 2)
    assert timelines(database) == {fan: [post] for fan in fans} and rows_of(database, models.pushes) == []


def test_small_audiences_do_not_wait_for_large_ones(database: Database) -> None:
    star, jo = some_people(database, 2)
    fans_of(database, star, 6)
    (fan,) = fans_of(database, jo, 1)
    published(database, star)
    database.write(fanout.push_some, 100, 2)
    post = published(database, jo)
    database.write(fanout.push_some, 100, 2)
    assert timelines(database)[fan] == [post]


def test_follow_backfills_the_newest_posts_and_older_ones_are_pulled(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "MAX_COPIED_POSTS", 3)
    jo, friend = some_people(database, 2)
    (fan,) = fans_of(database, jo, 1)
    there = [published(database, friend) for _ in range(5)][::-1]
    follows_now(database, fan, friend)
    assert timelines(database)[fan] == there[:3]
    assert paged(database, fan, 1) == paged(database, fan, 2) == there
    database.write(follows.note, fan, friend, 2, following=False)
    assert timelines(database)[fan] == [] == listed(database, feed, fan)


def test_celebrity_posts_are_not_pushed_and_are_in_every_feed(database: Database) -> None:
    star, friend = some_people(database, 2)
    fans = fans_of(database, star, 3)
    for fan in fans:
        follows_now(database, fan, friend)
    there = [published(database, star), published(database, friend)]
    settle(database, threshold=2)
    assert {row.author_id for row in rows_of(database, models.popular)} == {star, friend}
    there += [published(database, friend), published(database, star), published(database, star)]
    settle(database, threshold=2)
    assert rows_of(database, models.pushes) == []
    assert not any(set(told) & set(there[2:]) for told in timelines(database).values())
    for fan in fans:
        for limit in (1, 2, 3, 100):
            assert paged(database, fan, limit) == there[::-1]


def test_former_celebrity_is_pushed_again_with_missing_posts(database: Database) -> None:
    (star,) = some_people(database, 1)
    fan, *others = fans_of(database, star, 4)
    there = [published(database, star)]
    settle(database, threshold=3)
    there.append(published(database, star))
    settle(database, threshold=3)
    assert rows_of(database, models.popular) != [] and timelines(database)[fan] == there[:1]
    for other in others:
        database.write(follows.note, other, star, 2, following=False)
    there.append(published(database, star))
    database.write(fanout.push_some, 3)
    database.write(celebrities.backfill_some)
    database.write(celebrities.backfill_some)
    assert timelines(database)[fan] == there[::-1]
    assert not database.write(celebrities.backfill_some), "who reads at this moment may still be merging"
    (made_up,) = rows_of(database, models.popular)
    assert database.read(celebrities.next_due) == made_up.filled_at + celebrities.GRACE_MS
    database.write(celebrities.backfill_some, grace=0)
    assert rows_of(database, models.popular) == []
    assert listed(database, feed, fan) == there[::-1]


def test_trimmed_timeline_is_paged_across_the_watermark(database: Database) -> None:
    (jo,) = some_people(database, 1)
    (fan,) = fans_of(database, jo, 1)
    there = [published(database, jo) for _ in range(12)][::-1]
    settle(database)
    rounds = trim.Trimming(database, 10)
    assert not rounds.step()
    assert len(timelines(database)[fan]) == 12, "a little more than it keeps is left alone"
    trim.Trimming(database, 5).step()
    assert timelines(database)[fan] == there[:5]
    assert size_of(database, fan) == 5
    for limit in (1, 2, 3, 4, 5, 6, 100):
        assert paged(database, fan, limit) == there
    there.insert(0, published(database, jo))
    settle(database)
    assert paged(database, fan, 2) == there


def size_of(database: Database, owner: int) -> int:
    return sum(row.owner_id == owner for row in rows_of(database, models.timeline))


def test_trimming_rounds_visit_every_timeline(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trim, "CHUNK_ROWS", 2)
    (jo,) = some_people(database, 1)
    fans = fans_of(database, jo, 5)
    for _ in range(4):
        published(database, jo)
    settle(database)
    rounds = trim.Trimming(database, 2)
    assert [rounds.step() for _ in range(3)] == [True, True, False]
    assert {len(timelines(database)[fan]) for fan in fans} == {2}


def test_deleted_post_is_removed_from_every_timeline(database: Database) -> None:
    (jo,) = some_people(database, 1)
    fans = fans_of(database, jo, 4)
    post = published(database, jo)
    database.write(fanout.push_some, 100, 2)
    database.write(posts.delete_post, jo, post)
    assert rows_of(database, models.pushes) == []
    remove_to_the_end(database, 1)
    assert rows_of(database, models.timeline) == [] and len(fans) == 4


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line, on the same database."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    return CliRunner()


def test_rebuild_adds_missing_and_removes_wrong_entries(database: Database, command: CliRunner) -> None:
    jo, unfollowed = some_people(database, 2)
    fans = fans_of(database, jo, 3)
    there = [published(database, jo) for _ in range(3)][::-1]
    stray = published(database, unfollowed)
    settle(database)
    wrong = [{"owner_id": fans[0], "post_id": each} for each in (stray, ids.new())]
    database.write(lambda tx: tx.execute(delete(models.timeline).where(models.timeline.c.post_id == there[0])))
    database.write(lambda tx: tx.execute(insert(models.timeline), wrong))
    assert listed(database, feed, fans[0]) != there
    one = command.invoke(cli, ["rebuild-feed", "--user", ids.encode(fans[1])])
    assert one.exit_code == 0 and one.output.startswith("1 timelines"), one.output
    told = timelines(database)
    assert told[fans[1]] == there and told[fans[2]] == there[1:]
    every = command.invoke(cli, ["rebuild-feed"])
    assert every.exit_code == 0 and every.output.startswith("3 timelines"), every.output
    assert timelines(database) == dict.fromkeys(fans, there)
    assert size_of(database, fans[0]) == 3


def test_all_feeds_are_requested_in_batches(database: Database) -> None:
    (jo,) = some_people(database, 1)
    fans = sorted(fans_of(database, jo, 5))
    assert database.write(rebuild.ask_for_next, 0, 2) == fans[1]
    assert database.write(rebuild.ask_for_next, fans[1], 2) == fans[3]
    assert database.write(rebuild.ask_for_next, fans[3], 2) is None
    assert [row.owner_id for row in rows_of(database, models.rebuilds)] == fans


def test_rebuild_reads_many_authors_in_statements_of_bounded_size(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.posts.queries.feed_fanin.AT_ONCE", 3)
    jo, *authors = some_people(database, 9)
    for author in authors:
        follows_now(database, jo, author)
    there = [published(database, author) for author in authors * 3][::-1]
    with captured_statements(database) as asked:
        settle(database, kept=6)
    assert timelines(database)[jo] == there[:6]
    assert not any(statement.count("posts.author_id = ") > 3 for statement, _ in asked)
    assert paged(database, jo, 4) == there

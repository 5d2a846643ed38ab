"""The cost of a page read on demand grows only with the number of followed users, which is limited."""

from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import Connection

from services.posts.actions.feed import follows
from services.posts.queries.feed import feed
from shared.database import migrations
from shared.database.engine import Database
from shared.pagination import PageRequest
from shared.testing.query_plans import captured_statements, indexes_used, slow_steps, sqlite_work

from .conftest import MIGRATIONS
from .factories import follows_now, published, some_people

READER, MOST, ENDED = 1, 7_500, 300_000


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A reader who follows the maximum number of users, and has followed many others before; each has posted."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('followed')}/posts.db")
    migrations.upgrade(database, MIGRATIONS)
    authors = range(READER + 1, READER + 1 + MOST + ENDED)

    def fill(tx: Connection) -> None:
        driver = tx.connection.driver_connection
        assert driver is not None
        driver.executemany("INSERT INTO people VALUES (?, 'nick', 'Name', NULL, 1, 0, 0, 0)", ((i,) for i in authors))
        driver.executemany("INSERT INTO posts VALUES (?, ?1, NULL, '[]', 0, 0, NULL, NULL)", ((i,) for i in authors))
        edges = ((READER, i, i <= READER + MOST) for i in authors)
        driver.executemany("INSERT INTO follows VALUES (?, ?, 1, ?, NULL)", edges)

    database.write(fill)
    yield database
    database.close()


@pytest.mark.parametrize("after", [None, (MOST // 2,)])
def test_pulled_page_reads_no_ended_follow(crowded: Database, after: tuple[int] | None) -> None:
    page = PageRequest(20, after)
    assert len(crowded.read(feed, READER, page).items) == 20
    work = crowded.read(partial(sqlite_work, lambda connection: feed(connection, READER, page)))
    assert work < MOST, "a hundred instructions for each whom one follows"


def test_followed_authors_are_read_from_one_index(database: Database) -> None:
    reader, author, former = some_people(database, 3)
    follows_now(database, reader, author)
    follows_now(database, reader, former)
    database.write(follows.note, reader, former, 2, following=False)
    published(database, author)
    with captured_statements(database) as asked:
        database.read(feed, reader, PageRequest(20, None))
    (statement,) = [each for each in asked if "AS last" in each[0]]
    assert indexes_used(database, statement) == {"follows_by_follower", "posts_by_author"}
    assert slow_steps(database, statement) <= {"sort"}, "of those one follows"

"""User search: by the prefix of a nickname or name, in pages that neither skip nor repeat."""

import random
from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import Connection, delete, func, select, update

from services.auth import handles, models, people_queries, queries
from services.auth.actions import accounts, reindexing, withdrawals
from services.auth.actions.accounts import name_key
from services.auth.handles import Handle
from shared.database import migrations
from shared.database.engine import Database
from shared.pagination import Page, PageRequest
from shared.testing.query_plans import SORT, captured_statements, indexes_used, slow_steps, sqlite_work

from .conftest import MIGRATIONS
from .factories import KEY, NOWHERE, all_pages, register, rows


def found(database: Database, query: str, limit: int = 100, viewer: int | None = None) -> list[str]:
    """The nicknames of the results, in order."""
    beginning, nickname = name_key(query), handles.beginning(query)
    people = all_pages(
        lambda page: database.read(people_queries.search_people, beginning, nickname, viewer, page), limit
    )
    return [each["nickname"] for each in people]


@pytest.fixture
def people(database: Database) -> Database:
    """Sample users."""
    for nickname, name in [
        ("ada", "Ada Lovelace"),
        ("adam.smith", "Smith"),
        ("countess", "ADA King"),
        ("adb", "Emilie"),
        ("zoe", "Ádám Kovács"),
        ("min.su", "김민수"),
    ]:
        register(database, nickname, name=name)
    return database


@pytest.mark.parametrize(
    ("query", "nicknames"),
    [
        ("ada", ["countess", "adam.smith", "ada"]),
        ("ADA", ["countess", "adam.smith", "ada"]),
        ("ada k", ["countess"]),
        ("lovelace", []),
        ("ád", ["zoe"]),
        ("김민", ["min.su"]),
        ("min.", ["min.su"]),
        ("%", []),
        ("_", []),
        ("\\", []),
        ("ａｄａ", ["countess", "adam.smith", "ada"]),
        ("\u200eA\u200bda\ufe0f", ["countess", "adam.smith", "ada"]),
        ("  ADA \u3000 k", ["countess"]),
    ],
)
def test_search_matches_prefixes_of_nickname_and_name(people: Database, query: str, nicknames: list[str]) -> None:
    assert found(people, query) == nicknames


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("  Ada", "ada"),
        ("\u200eAda", "ada"),
        ("\u200fAda", "ada"),
        ("A\u200bda", "ada"),
        ("Ada  Lovelace", "ada l"),
        ("Ada\u00a0Lovelace", "ada l"),
        ("\u2764\ufe0f Ada", "\u2764 ada"),
        ("İpek", "ipek"),
        ("İSTANBUL", "istanbul"),
        ("istanbul", "İSTANBUL"),
        ("Straße", "STRASSE"),
        ("ﬁona", "fiona"),
        ("e\u0301milie", "\u00e9m"),
    ],
)
def test_invisible_and_equivalent_characters_do_not_affect_search(database: Database, name: str, query: str) -> None:
    register(database, "someone", name=name)
    assert found(database, query) == ["someone"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, 100])
def test_pages_of_any_size_contain_every_user_once_in_the_same_order(database: Database, limit: int) -> None:
    chance = random.Random(limit)
    for number in range(20):
        nickname = f"{chance.choice(['sam', 'tim', 'zed'])}{number}"
        register(database, nickname, name=chance.choice(["Sam", "Samantha", "sam", "Tim"]))
    whole = found(database, "sam")
    assert len(whole) == len(set(whole)) > 8
    assert found(database, "sam", limit) == whole


def test_accounts_created_between_pages_do_not_shift_results(database: Database) -> None:
    for each in ("sama", "samc", "same", "samg"):
        register(database, each)
    first = database.read(people_queries.search_people, "sam", "sam", None, PageRequest(2, None))
    for each in ("sam1", "samb", "samd"):
        register(database, each)
    second = database.read(people_queries.search_people, "sam", "sam", None, PageRequest(10, first.next))
    assert [each["nickname"] for each in first.items] == ["samg", "same"]
    assert [each["nickname"] for each in second.items] == ["samc", "sama"]


def test_empty_search_finds_no_user(people: Database) -> None:
    assert people.read(people_queries.search_people, "", "", None, PageRequest(20, None)) == Page([], None)


def test_search_follows_name_changes(people: Database) -> None:
    ada = people.read(queries.account_by_nickname, "ada")
    assert ada is not None
    changes = {"nickname": "grace", "name": "Grace Hopper"}
    changed = people.write(accounts.change_account, ada, changes, [Handle("nickname", "grace")], KEY, NOWHERE)
    assert found(people, "ada") == ["countess", "adam.smith"]
    assert found(people, "gr") == found(people, "grace hopper") == ["grace"]
    people.write(withdrawals.withdraw, changed)
    assert found(people, "gr") == []
    assert {row.account_id for row in rows(people, models.search_prefixes)} == {
        row.id for row in rows(people, models.accounts)
    }


def test_rows_of_an_earlier_release_are_indexed_by_a_worker(people: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It had no index, and other normal forms."""
    monkeypatch.setattr(reindexing, "CHUNK_SIZE", 2)
    people.write(lambda tx: tx.execute(delete(models.search_prefixes).where(models.search_prefixes.c.prefix < "s")))
    people.write(lambda tx: tx.execute(update(models.accounts).values(name_key="Former Key")))
    assert found(people, "ada") == []
    reindexing_ = reindexing.Reindexing(people)
    while reindexing_.step():
        pass
    assert found(people, "ada") == ["countess", "adam.smith", "ada"]
    assert found(people, "김민") == ["min.su"]
    with captured_statements(people) as asked:
        reindexing_.step()
    assert len(asked) == 2, "there is nothing more to correct"


def test_each_statement_uses_an_index(people: Database) -> None:
    with captured_statements(people) as asked:
        ada = register(people, "ada2")
        ada = people.write(accounts.change_account, ada, {"name": "Other"}, [], KEY, NOWHERE)
        people.write(withdrawals.withdraw, ada)
        reindexing.Reindexing(people).step()
    asked = [each for each in asked if "search_prefixes" in each[0] and not each[0].startswith("INSERT")]
    assert len(asked) == 5
    for statement in asked:
        assert slow_steps(people, statement) == set(), statement


def test_page_reads_one_range_of_the_index(people: Database) -> None:
    with captured_statements(people) as asked:
        for viewer in (None, 7):
            people.read(people_queries.search_people, "ada", "ada", viewer, PageRequest(1, (2**62,)))
    statements = [each for each in asked if each[0].startswith("SELECT")]
    assert len(statements) == 2
    for statement in statements:
        assert indexes_used(people, statement) == set(), "only primary keys"
        assert slow_steps(people, statement) <= {SORT}, "of a page"


MANY = 300_000


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Many users with the same name; every hundredth has another name too."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('crowd')}/auth.db")
    migrations.upgrade(database, MIGRATIONS)
    names = ((each, f"k{each:06}", "kim" if each % 100 else "kim lee") for each in range(1, MANY + 1))
    account = (
        "INSERT INTO accounts"
        " (id, email, name, name_key, nickname, bio, password_hash, version, created_at, updated_at)"
        " VALUES (?, ?2, 'Kim', ?3, ?2, '', '', 1, 0, 0)"
    )
    steps = {"k": 1, "kim": 1, "kim l": 100}
    prefixes = ((prefix, each) for prefix, step in steps.items() for each in range(step, MANY + 1, step))

    def fill(tx: Connection) -> None:
        driver = tx.connection.driver_connection
        assert driver is not None
        driver.executemany(account, names)
        driver.executemany("INSERT INTO search_prefixes VALUES (?, ?)", prefixes)

    database.write(fill)
    yield database
    database.close()


@pytest.mark.parametrize("query", ["k", "kim", "kim l", "z"])
@pytest.mark.parametrize("after", [None, (MANY // 2,), (50,)])
def test_page_cost_does_not_grow_with_300_000_matches(crowded: Database, query: str, after: tuple[int] | None) -> None:
    def page(connection: Connection) -> Page:
        return people_queries.search_people(connection, query, query, None, PageRequest(20, after))

    people = {"k": 20, "kim": 20, "kim l": 20, "z": 0} if after != (50,) else {"k": 20, "kim": 20}
    assert len(crowded.read(page).items) == people.get(query, 0)
    assert crowded.read(partial(sqlite_work, page)) < 50


def test_cost_check_can_fail(crowded: Database) -> None:
    everybody = select(func.max(models.accounts.c.bio))
    assert crowded.read(partial(sqlite_work, lambda connection: connection.execute(everybody))) > 1_000

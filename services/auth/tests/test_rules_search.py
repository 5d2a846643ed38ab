"""Looking for people: by the beginning of a nickname or a name, in pages that neither skip nor repeat."""

import random

import pytest
from sqlalchemy import insert, update

from services.auth import handles, models, queries
from services.auth.actions.accounts import fold_names, name_key
from shared.database import Database
from shared.pages import Page
from shared.testing.plans import SORT, indexes_used, overhearing, slow_steps

from .world import all_pages, register, rows


def found(database: Database, query: str, limit: int = 100) -> list[str]:
    """The nicknames of those who are found, in order."""
    beginning, nickname = name_key(query), handles.beginning(query)
    people = all_pages(lambda page: database.read(queries.people_called, beginning, nickname, page), limit)
    return [each["nickname"] for each in people]


@pytest.fixture
def people(database: Database) -> Database:
    """A few people."""
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
        ("\u200eA\u200bda\ufe0f", ["countess", "ada"]),
        ("  ADA \u3000 k", ["countess"]),
    ],
)
def test_people_are_found_by_how_their_nickname_or_name_begins(
    people: Database, query: str, nicknames: list[str]
) -> None:
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
def test_what_nobody_sees_or_types_makes_no_difference(database: Database, name: str, query: str) -> None:
    register(database, "someone", name=name)
    assert found(database, query) == ["someone"]


def test_names_from_before_are_folded_anew_in_batches(database: Database) -> None:
    accounts = [register(database, nickname, name="İpek") for nickname in ("one", "two", "three")]
    stale = [{"account_id": account.id} for account in accounts]
    database.write(lambda tx: tx.execute(insert(models.stale_name_keys), [*stale, {"account_id": 1}]))
    database.write(lambda tx: tx.execute(update(models.accounts).values(name_key="i\u0307pek")))
    assert found(database, "ipek") == []
    assert database.write(fold_names, 3)
    assert not database.write(fold_names, 3)
    assert sorted(found(database, "ipek")) == ["one", "three", "two"]
    assert rows(database, models.stale_name_keys) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, 100])
def test_pages_of_any_size_give_everybody_once_in_the_same_order(database: Database, limit: int) -> None:
    chance = random.Random(limit)
    for number in range(20):
        nickname = f"{chance.choice(['sam', 'tim', 'zed'])}{number}"
        register(database, nickname, name=chance.choice(["Sam", "Samantha", "sam", "Tim"]))
    whole = found(database, "sam")
    assert len(whole) == len(set(whole)) > 8
    assert found(database, "sam", limit) == whole


def test_those_who_come_between_two_pages_move_nobody(database: Database) -> None:
    for each in ("sama", "samc", "same", "samg"):
        register(database, each)
    first = database.read(queries.people_called, "sam", "sam", Page(2, None))
    for each in ("sam1", "samb", "samd"):
        register(database, each)
    second = database.read(queries.people_called, "sam", "sam", Page(10, first.next))
    assert [each["nickname"] for each in first.items] == ["samg", "same"]
    assert [each["nickname"] for each in second.items] == ["samc", "sama"]


def test_a_page_reads_one_range_of_each_index(people: Database) -> None:
    with overhearing(people) as asked:
        people.read(queries.people_called, "ada", "ada", Page(1, (2**62,)))
    (question,) = [each for each in asked if each[0].startswith("SELECT")]
    assert indexes_used(people, question) == {"accounts_by_nickname", "accounts_by_name"}
    assert slow_steps(people, question) == {SORT}, "of what is found"

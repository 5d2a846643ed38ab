"""Looking for people: by the beginning of a nickname or a name, in pages that neither skip nor repeat."""

import random

import pytest

from services.auth import handles, queries
from services.auth.actions.accounts import name_key
from shared.database import Database
from shared.pages import Page
from shared.testing.plans import SORT, indexes_used, overhearing, slow_steps

from .world import all_pages, register


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
    ],
)
def test_people_are_found_by_how_their_nickname_or_name_begins(
    people: Database, query: str, nicknames: list[str]
) -> None:
    assert found(people, query) == nicknames


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

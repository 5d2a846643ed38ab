"""The search in one's own messages: the same answers on both databases, complete, and at a bounded cost."""

import unicodedata
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, insert

from services.dm import models, search_queries
from services.dm.actions import own_side, search
from services.dm.actions.messages import Draft, send
from services.dm.actions.withdrawals import WITHDRAWAL
from services.dm.signed_urls import UrlSigner
from shared import clock, ids
from shared.database.engine import Database
from shared.pagination import Page, PageRequest
from shared.testing.api_client import expect_json
from shared.testing.query_plans import captured_statements, slow_steps

from .api_client import ApiClient
from .factories import FIRST, purge_to_the_end, request_to, room_of, rows_of, say, some_people, upload

URL_SIGNER = UrlSigner(b"k" * 32)
TEXTS = [
    "점심 먹을까요?",
    "저녁은 Pizza 🍕 어때?",
    unicodedata.normalize("NFD", "카페에서 Émile"),
    "ㅋㅋㅋㅠㅠ",
    "100% sure_thing",
    "100 sure thing",
    'say "hi" + * - (it\'s) C:\\path',
    "STRASSE und Straße",
    "👩‍👩‍👧 가족 👍🏽",
    "밥",
    "日本語と한국어 mixed",
]
FOUND = {
    "점심": [0],
    "먹을까": [0],
    "먹 을": [],
    "pizza 🍕": [1],
    "PIZZA": [1],
    "🍕": [1],
    "카페": [2],
    unicodedata.normalize("NFD", "카페"): [2],
    "émile": [2],
    "emile": [],
    "ㅠㅠ": [3],
    "ㅋㅋ": [3],
    "0%": [4],
    "%": [4],
    "e_t": [4],
    "_": [4],
    "100": [4, 5],
    '"hi"': [6],
    "+ * -": [6],
    "it's": [6],
    "c:\\path": [6],
    "strasse": [7],
    "ße": [7],
    "👍": [8],
    "가족 👍🏽": [8],
    "밥": [9],
    "와": [],
    "語と한": [10],
    "mixed": [10],
}


def matches(database: Database, person: int, query: str, page: PageRequest = FIRST, **more: Any) -> Page:
    read = partial(search_queries.search, **more)
    return database.read(read, person, search.fold(query), page, URL_SIGNER)


def found(database: Database, person: int, query: str) -> list[int]:
    return [ids.parse(each["id"]) for each in matches(database, person, query).items]


def test_each_character_of_a_query_stands_for_itself(database: Database) -> None:
    me, ann, bea = some_people(database, 3)
    rooms = [room_of(database, me, peer) for peer in (ann, bea)]
    said = [say(database, me, rooms[number % 2], text) for number, text in enumerate(TEXTS)]
    for query, expected in FOUND.items():
        assert found(database, me, query) == [said[each] for each in reversed(expected)], query


def test_only_accepted_rooms_of_ones_own_are_searched(database: Database) -> None:
    me, ann, bea, cee = some_people(database, 4)
    hidden, others = room_of(database, me, ann), room_of(database, ann, bea)
    waiting, declined = request_to(database, bea, me), request_to(database, cee, me)
    in_hidden = say(database, ann, hidden, "a secret plan")
    for sender, room in ((ann, others), (bea, waiting), (cee, declined)):
        say(database, sender, room, "a secret plan")
    database.write(own_side.hide, me, hidden)
    database.write(own_side.decline, me, declined)
    assert found(database, me, "secret") == [in_hidden]
    database.write(own_side.accept, me, waiting)
    assert len(found(database, me, "secret")) == 2


@pytest.mark.parametrize("max_texts", [1, 3, 100])
def test_pages_are_complete_whatever_one_page_compares(database: Database, max_texts: int) -> None:
    me, peer = some_people(database, 2)
    room = room_of(database, me, peer)
    said = [say(database, peer, room, f"Lunch {number}" if number % 3 else "tea") for number in range(8)]
    seen: list[str] = []
    after: tuple[Any, ...] | None = None
    for _ in range(12):
        page = matches(database, me, "lunch", PageRequest(2, after), max_texts=max_texts)
        seen += [each["id"] for each in page.items]
        say(database, me, room, "lunch again")
        after = page.next
        if after is None:
            break
    assert after is None
    assert seen == [ids.encode(each) for number, each in enumerate(said) if number % 3][::-1]


def test_texts_that_the_former_release_stored_are_added_once(database: Database) -> None:
    me, peer, gone = some_people(database, 3)
    room, with_gone = room_of(database, me, peer), room_of(database, gone, me)
    said = [say(database, gone, with_gone, "old words"), *(say(database, me, room, "old words") for _ in range(3))]
    database.write(send, me, room, Draft(media_id=upload(database, me, room)))
    indexed = sorted(rows_of(database, models.searched_texts))
    texts = models.searched_texts.c
    database.write(lambda tx: tx.execute(delete(models.searched_texts).where(texts.message_id != said[1])))
    database.write(WITHDRAWAL.request, gone)
    assert database.write(search.add_missing) is False
    assert found(database, me, "old") == [said[1]]  # the last minutes are not checked yet
    later = clock.now() + 2 * search.OVERLAP_MS
    for _ in range(2):
        assert database.write(search.add_missing, later) is False
    assert sorted(rows_of(database, models.searched_texts)) == [row for row in indexed if row.user_id != gone]


def test_deleted_accounts_leave_no_index_but_their_peers_find_what_they_wrote(database: Database) -> None:
    me, gone = some_people(database, 2)
    said = say(database, gone, room_of(database, me, gone), "remember me")
    database.write(WITHDRAWAL.request, gone)
    purge_to_the_end(database)
    assert {row.user_id for row in rows_of(database, models.searched_texts)} == {me}
    assert found(database, me, "remember") == [said]


def test_no_statement_scans_a_table_or_sorts(database: Database) -> None:
    me, peer = some_people(database, 2)
    room = room_of(database, me, peer)
    costs = []
    for number in (1, 30):
        for _ in range(number):
            say(database, me, room, "lunch")
        with captured_statements(database) as asked:
            matches(database, me, "lunch", PageRequest(20, (ids.new(),)))
        costs.append(len(asked))
    with captured_statements(database) as added:
        database.write(search.add_missing, clock.now() + 2 * search.OVERLAP_MS)
    assert costs == [3, 3]
    for each in [*asked, *(each for each in added if each[0].startswith("SELECT"))]:
        assert slow_steps(database, each) == set(), each


def test_texts_that_were_compared_are_bounded(database: Database) -> None:
    me, peer, other = some_people(database, 3)
    room = room_of(database, me, peer)
    rows = [
        {"user_id": user, "message_id": number, "room_id": room, "folded": "tea"}
        for user in (me, other)
        for number in range(1, 200)
    ]
    database.write(lambda tx: tx.execute(insert(models.searched_texts), rows))
    page = matches(database, me, "lunch", max_texts=50)
    assert (page.items, page.next) == ([], (150,))


def test_search_by_http(jo: ApiClient, max_: ApiClient, room: str) -> None:
    said = expect_json(jo.say(room, "내일 Lunch?"), 201)
    items = expect_json(max_.send("GET", "/messages", params={"query": "일 lunch"}), 200)["items"]
    assert items == [said]
    assert expect_json(max_.send("GET", "/messages", params={"query": "x" * 100}), 200)["items"] == []
    codes = {}
    for query in ("", " \u3164", "a\0", "x" * 101):
        problem = expect_json(max_.send("GET", "/messages", params={"query": query}), 422)
        codes[query] = problem["errors"][0]["code"]
    assert list(codes.values()) == ["string_too_short", "blank", "nul_character", "string_too_long"]

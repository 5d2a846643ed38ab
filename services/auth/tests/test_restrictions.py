"""Blocks in auth: whoever blocks is unknown to the other, and neither finds the other."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.auth import models, people_queries
from services.auth.actions import restrictions, withdrawals
from services.auth.actions.restrictions import RESTRICTIONS
from services.auth.app import create_app
from services.auth.queries import Account
from services.auth.settings import Settings
from shared import ids
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.testing import LiveService, Stub, eventually, running_service
from shared.testing.query_plans import captured_statements, slow_steps

from .factories import Person, all_pages, create_user, register, rows


def restriction(person: int, other: int, version: int = 1, *, blocking: bool = True) -> dict[str, Any]:
    """What social says of two users."""
    who = {"user_id": ids.encode(person), "other_id": ids.encode(other)}
    return {**who, "blocking": blocking, "muting": False, "version": version}


def blocks(database: Database) -> set[tuple[int, int]]:
    return {(row.person_id, row.other_id) for row in rows(database, models.restrictions) if row.blocking}


def found(database: Database, viewer: Account | None, limit: int) -> list[str]:
    """The nicknames of everybody whom the viewer finds."""
    looking = None if viewer is None else viewer.id
    pages = all_pages(lambda page: database.read(people_queries.search_people, "sam", "sam", looking, page), limit)
    return [each["nickname"] for each in pages]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_neither_finds_the_other_in_full_pages(database: Database, limit: int) -> None:
    sams = [register(database, f"sam{number}") for number in range(7)]
    for version, other in enumerate((sams[1], sams[2], sams[5]), start=1):
        database.write(RESTRICTIONS.store, restriction(sams[0].id, other.id, version))
    assert found(database, sams[0], limit) == ["sam6", "sam4", "sam3", "sam0"]
    everybody = [f"sam{number}" for number in reversed(range(7))]
    assert found(database, sams[1], limit) == everybody[:-1]
    assert found(database, sams[3], limit) == found(database, None, limit) == everybody
    database.write(RESTRICTIONS.store, restriction(sams[0].id, sams[1].id, 4, blocking=False))
    assert found(database, sams[1], limit) == everybody


def test_profile_is_unknown_to_the_blocked_user_and_shown_to_the_other(auth: LiveService) -> None:
    jo, max_ = create_user(auth, "joe"), create_user(auth, "max")
    assert auth.deliver("user.restricted.v1", restriction(ids.parse(jo.id), ids.parse(max_.id)))

    def profiles(person: Person, headers: dict[str, str]) -> list[int]:
        paths = (person.id, f"by-nickname/{person.account['nickname']}")
        return [auth.client.get(f"/api/v1/users/{path}", headers=headers).status_code for path in paths]

    assert profiles(jo, max_.bearer) == [404, 404]
    assert profiles(max_, jo.bearer) == profiles(jo, {}) == profiles(jo, jo.bearer) == [200, 200]
    assert auth.client.get("/api/v1/users?query=joe", headers=max_.bearer).json()["items"] == []
    assert auth.client.get("/api/v1/users?query=joe", headers={"authorization": "Bearer x"}).status_code == 401


def test_withdrawal_removes_blocks_of_and_by_the_account(database: Database) -> None:
    gone, *others = [register(database, f"sam{number}") for number in range(5)]
    for version, other in enumerate(others, start=1):
        database.write(RESTRICTIONS.store, restriction(gone.id, other.id, version))
        database.write(RESTRICTIONS.store, restriction(other.id, gone.id))
    database.write(RESTRICTIONS.store, restriction(others[0].id, others[1].id, 2))
    database.write(withdrawals.withdraw, gone)
    while database.write(restrictions.remove_some, 1):
        pass
    database.write(RESTRICTIONS.store, restriction(gone.id, others[0].id, 9))
    database.write(RESTRICTIONS.store, restriction(others[0].id, gone.id, 9))
    assert blocks(database) == {(others[0].id, others[1].id)} and len(rows(database, models.restrictions)) == 1
    assert rows(database, models.unpurged_restrictions) == []


def test_no_block_is_left_by_a_concurrent_withdrawal(database: Database) -> None:
    for round_ in range(5):
        jo, max_ = register(database, f"jo{round_}"), register(database, f"max{round_}")
        with ThreadPoolExecutor(2) as pool:
            done = [
                pool.submit(database.write, RESTRICTIONS.store, restriction(jo.id, max_.id)),
                pool.submit(database.write, withdrawals.withdraw, max_),
            ]
            for each in done:
                each.result()
        while database.write(restrictions.remove_some):
            pass
        assert rows(database, models.restrictions) == []


def test_service_removes_blocks_of_deleted_accounts_and_finds_missed_ones(
    settings: Settings, database: Database, bus: Bus
) -> None:
    gone, jo, max_ = [register(database, f"sam{number}") for number in range(3)]
    database.write(RESTRICTIONS.store, restriction(jo.id, gone.id))
    database.write(withdrawals.withdraw, gone)
    social = Stub({"/internal/restrictions": {"items": [restriction(max_.id, jo.id, 2)], "next": None}})
    with running_service(create_app(settings, bus, social.transport)):
        eventually(lambda: blocks(database) == {(max_.id, jo.id)})
        eventually(lambda: rows(database, models.unpurged_restrictions) == [])


def test_no_statement_scans_a_table(database: Database) -> None:
    jo, max_ = register(database, "joe"), register(database, "max")
    with captured_statements(database) as asked:
        database.write(RESTRICTIONS.store, restriction(jo.id, max_.id))
        database.read(people_queries.shown_account, jo, max_.id)
        database.write(restrictions.remove_later, jo.id)
        database.write(restrictions.remove_some)
    statements = [each for each in asked if each[0].startswith(("SELECT", "DELETE"))]
    assert len(statements) >= 6
    for each in statements:  # of the queue only the first one is read
        assert slow_steps(database, each) <= {"all of unpurged_restrictions"}, each

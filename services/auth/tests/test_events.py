"""Facts that auth announces and hears: as the contracts say, and the same however often and in whatever order."""

import random

import pytest

from services.auth import models
from shared import ids
from shared.database.engine import Database
from shared.service_list import PURGE_REPORTERS
from shared.testing import LiveService, examples_of

from .factories import PASSWORD, facts, log_in, rows, somebody


def test_each_fact_that_auth_announces_fits_its_contract(auth: LiveService, database: Database) -> None:
    ada, bob = somebody(auth), somebody(auth, "bob")
    change = {"current_password": PASSWORD, "name": "Bob Two", "new_password": "another good one"}
    log_in(auth, "bob")
    assert auth.client.patch("/api/v1/users/me", json=change, headers=bob.bearer).status_code == 200
    auth.client.post("/api/v1/users/me/deletion", json={"current_password": PASSWORD}, headers=ada.bearer)
    assert [name for name, _ in facts(database)] == [
        "user.registered.v1",
        "user.updated.v1",
        "session.revoked.v1",
        "user.deleted.v1",
    ]


def withdrawn(auth: LiveService) -> int:
    """Somebody who has withdrawn."""
    ada = somebody(auth)
    auth.client.post("/api/v1/users/me/deletion", json={"current_password": PASSWORD}, headers=ada.bearer)
    return ids.parse(ada.id)


@pytest.mark.parametrize("seed", range(3))
def test_that_a_service_is_done_is_heard_in_any_order_and_more_than_once(
    auth: LiveService, database: Database, seed: int
) -> None:
    person = ids.encode(withdrawn(auth))
    said = [(ids.new(), {"user_id": person, "service": service}) for service in PURGE_REPORTERS]
    deliveries = said * 3
    random.Random(seed).shuffle(deliveries)
    for event_id, data in deliveries:
        assert auth.deliver("user.purged.v1", data, event_id=event_id)
    assert rows(database, models.withdrawals)[0].complete
    assert {row.service for row in rows(database, models.purges)} == set(PURGE_REPORTERS)
    assert {row.event_id for row in rows(database, models.inbox)} == {event_id for event_id, _ in said}


def test_the_examples_of_the_contract_are_understood(auth: LiveService, database: Database) -> None:
    for example in examples_of("user.purged.v1"):
        assert auth.deliver("user.purged.v1", example)
    assert rows(database, models.purges) == [], "they are of somebody unknown"
    assert len(rows(database, models.inbox)) == len(examples_of("user.purged.v1"))


def test_fields_that_a_later_version_may_add_do_not_matter(auth: LiveService, database: Database) -> None:
    person = ids.encode(withdrawn(auth))
    assert auth.deliver("user.purged.v1", {"user_id": person, "service": "dm", "rows": 12})
    assert [row.service for row in rows(database, models.purges)] == ["dm"]


def test_what_cannot_be_understood_is_not_taken_in_and_does_not_stand_in_the_way(
    auth: LiveService, database: Database
) -> None:
    person = ids.encode(withdrawn(auth))
    for broken in ({}, {"user_id": 5, "service": "dm"}, {"user_id": person}, {"user_id": "x", "service": "dm"}):
        assert auth.delivery_fails("user.purged.v1", broken)
    assert rows(database, models.inbox) == []
    assert auth.deliver("user.purged.v1", {"user_id": person, "service": "dm"})

"""Events that auth publishes and consumes: as in the contracts, and idempotent in any order."""

import random

import pytest

from services.auth import models
from shared import ids
from shared.database.engine import Database
from shared.service_list import PURGE_REPORTERS
from shared.testing import LiveService, examples_of

from .factories import PASSWORD, create_user, facts, log_in, rows


def test_each_published_event_matches_its_contract(auth: LiveService, database: Database) -> None:
    ada, bob = create_user(auth), create_user(auth, "bob")
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
    """A withdrawn user."""
    ada = create_user(auth)
    auth.client.post("/api/v1/users/me/deletion", json={"current_password": PASSWORD}, headers=ada.bearer)
    return ids.parse(ada.id)


@pytest.mark.parametrize("seed", range(3))
def test_purge_reports_may_arrive_in_any_order_and_repeatedly(auth: LiveService, database: Database, seed: int) -> None:
    person = ids.encode(withdrawn(auth))
    said = [(ids.new(), {"user_id": person, "service": service}) for service in PURGE_REPORTERS]
    deliveries = said * 3
    random.Random(seed).shuffle(deliveries)
    for event_id, data in deliveries:
        assert auth.deliver("user.purged.v1", data, event_id=event_id)
    assert rows(database, models.withdrawals)[0].complete
    assert {row.service for row in rows(database, models.purges)} == set(PURGE_REPORTERS)
    assert {row.event_id for row in rows(database, models.inbox)} == {event_id for event_id, _ in said}


def test_contract_examples_are_handled(auth: LiveService, database: Database) -> None:
    for example in examples_of("user.purged.v1"):
        assert auth.deliver("user.purged.v1", example)
    assert rows(database, models.purges) == [], "they belong to an unknown account"
    assert len(rows(database, models.inbox)) == len(examples_of("user.purged.v1"))


def test_unknown_event_fields_are_ignored(auth: LiveService, database: Database) -> None:
    person = ids.encode(withdrawn(auth))
    assert auth.deliver("user.purged.v1", {"user_id": person, "service": "dm", "rows": 12})
    assert [row.service for row in rows(database, models.purges)] == ["dm"]


def test_invalid_event_is_rejected_and_does_not_block_others(auth: LiveService, database: Database) -> None:
    person = ids.encode(withdrawn(auth))
    for broken in ({}, {"user_id": 5, "service": "dm"}, {"user_id": person}, {"user_id": "x", "service": "dm"}):
        assert auth.delivery_fails("user.purged.v1", broken)
    assert rows(database, models.inbox) == []
    assert auth.deliver("user.purged.v1", {"user_id": person, "service": "dm"})

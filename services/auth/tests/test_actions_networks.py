"""Known networks of an account: kept for a while, and bounded in number."""

import pytest

from services.auth import models, queries
from services.auth.actions import networks
from services.auth.actions.networks import KNOWN_FOR_MS, MAX_NETWORKS, networks_of
from services.auth.queries import Account
from shared import clock
from shared.database.engine import Database
from shared.testing.query_plans import captured_statements, slow_steps

from .factories import Time, open_login, register, rows


def known(database: Database, account: Account, ip: str) -> str | None:
    since = clock.now() - KNOWN_FOR_MS
    return database.read(queries.known_network, account.id, networks_of(ip), since)


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("203.0.113.7", ["203.0.113.7/32", "203.0.113.0/24"]),
        ("2001:db8:1:2:3::4", ["2001:db8:1:2::/64", "2001:db8:1::/48"]),
        ("::ffff:203.0.113.7", ["203.0.113.7/32", "203.0.113.0/24"]),
        ("", []),
        ("unknown", []),
    ],
)
def test_address_belongs_to_a_narrow_and_a_wide_network(ip: str, expected: list[str]) -> None:
    assert networks_of(ip) == expected


def test_login_makes_its_networks_known(database: Database) -> None:
    ada, bob = register(database), register(database, "bob")
    open_login(database, ada, ip="203.0.113.7")
    assert known(database, ada, "203.0.113.7") == "203.0.113.7/32"
    assert known(database, ada, "203.0.113.8") == "203.0.113.0/24"
    assert known(database, ada, "203.0.114.7") is None
    assert known(database, ada, "") is None
    assert known(database, bob, "203.0.113.7") is None


def test_network_stays_known_while_it_is_used(database: Database, time: Time) -> None:
    ada = register(database)
    open_login(database, ada, ip="203.0.113.7")
    time.passes(KNOWN_FOR_MS - clock.HOUR)
    open_login(database, ada, ip="203.0.113.7")
    open_login(database, ada, ip="2001:db8::1")
    time.passes(2 * clock.HOUR)
    assert known(database, ada, "203.0.113.7")
    assert known(database, ada, "127.0.0.1") is None, "from where she signed up"
    while database.write(networks.delete_expired, 1):
        pass
    assert len(rows(database, models.known_networks)) == 4
    time.passes(KNOWN_FOR_MS)
    assert known(database, ada, "203.0.113.7") is None
    assert database.write(networks.delete_expired, 3)
    assert not database.write(networks.delete_expired, 3)
    assert rows(database, models.known_networks) == []


def test_most_recent_networks_are_kept(database: Database, time: Time) -> None:
    ada = register(database)
    for number in range(MAX_NETWORKS):
        time.passes(clock.SECOND)
        open_login(database, ada, ip=f"10.0.{number}.1")
    assert len(rows(database, models.known_networks)) == MAX_NETWORKS
    assert known(database, ada, f"10.0.{MAX_NETWORKS - 1}.1") == f"10.0.{MAX_NETWORKS - 1}.1/32"
    assert known(database, ada, "10.0.0.1") is None


def test_lookup_reads_only_the_networks_of_the_address(database: Database) -> None:
    ada = register(database)
    with captured_statements(database) as asked:
        known(database, ada, "203.0.113.7")
    (statement,) = [each for each in asked if each[0].startswith("SELECT")]
    assert slow_steps(database, statement) == set()

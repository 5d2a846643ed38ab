"""Rotation of signing keys: published before they sign, kept until their last token has expired."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import jwt
import pytest

from services.auth import models
from services.auth.actions import keys
from services.auth.actions.keys import KEPT_AFTER_EXPIRY_MS, PUBLISHED_BEFORE_MS, RELOAD_SECONDS
from services.auth.tokens import KeyCipher, TokenIssuer
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import Conflict, Unauthenticated
from shared.security.verifier import REFETCH_SECONDS, JwksClient, TokenVerifier
from shared.testing.backends import Cluster, Servers

from .conftest import MIGRATIONS
from .factories import CIPHER, Time, rows

LIFETIME = 600
"""Seconds of an access token."""
STEP = 5
"""Seconds that pass at once."""


class Replica:
    """One process of auth: its token issuer, and when it reloads the keys."""

    def __init__(self, database: Database, phase: int) -> None:
        self.token_issuer = TokenIssuer("shutter", "shutter", LIFETIME)
        self._database = database
        self._phase = phase
        self.load()

    def load(self) -> None:
        """Read the keys, as the worker does."""
        self.token_issuer.load(self._database.write(keys.load_or_create_keys, CIPHER))

    def lives_on(self, second: int) -> None:
        """Read the keys again if it is time."""
        if second % RELOAD_SECONDS == self._phase:
            self.load()

    def kids(self) -> list[str]:
        """The ids of the keys that it publishes."""
        return [each["kid"] for each in asyncio.run(self.token_issuer.key_set())["keys"]]

    def signs_with(self) -> str:
        """The id of the key that it signs with now."""
        return str(jwt.get_unverified_header(self.token_issuer.access_token(1, 2))["kid"])


@pytest.fixture
def replica(database: Database) -> Replica:
    """One with the first key."""
    return Replica(database, 0)


def rotate(database: Database) -> keys.Rotation:
    return database.write(keys.rotate, CIPHER)


def clean_up(database: Database) -> None:
    database.write(keys.delete_expired, CIPHER, LIFETIME * clock.SECOND)


def test_new_key_is_published_before_it_signs(database: Database, replica: Replica, time: Time) -> None:
    (old,) = replica.kids()
    new = rotate(database)
    replica.load()
    assert new.fresh
    assert (replica.kids(), replica.signs_with()) == ([old, new.kid], old)
    time.passes(PUBLISHED_BEFORE_MS - clock.SECOND)
    assert replica.signs_with() == old
    time.passes(clock.SECOND)
    assert replica.signs_with() == new.kid, "at its moment, without looking again"


def test_second_rotation_before_the_new_key_signs_has_no_effect(database: Database, time: Time) -> None:
    database.write(keys.load_or_create_keys, CIPHER)
    first = rotate(database)
    again = rotate(database)
    assert (again.kid, again.signs_from, again.fresh) == (first.kid, first.signs_from, False)
    time.passes(PUBLISHED_BEFORE_MS)
    assert rotate(database).kid != first.kid


def test_concurrent_rotations_create_one_key(database: Database) -> None:
    database.write(keys.load_or_create_keys, CIPHER)
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: rotate(database), range(6)))
    assert len({each.kid for each in made}) == 1
    assert [row.generation for row in rows(database, models.signing_keys)] == [1, 2]


def test_concurrent_starts_create_one_first_key(database: Database) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: database.write(keys.load_or_create_keys, CIPHER), range(6)))
    assert len({each.kid for (each,) in found}) == 1


@pytest.mark.containers
def test_first_key_created_concurrently_is_kept(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Cluster(servers)
    database = Database(backend.database(MIGRATIONS))
    now, others = clock.now, [CIPHER]

    def meanwhile() -> int:
        while others:
            database.write(keys.load_or_create_keys, others.pop())
        return now()

    monkeypatch.setattr(clock, "now", meanwhile)
    (key,) = database.write(keys.load_or_create_keys, CIPHER)
    assert [row.kid for row in rows(database, models.signing_keys)] == [key.kid] and not others
    database.close()
    backend.clear()


def test_very_first_key_signs_at_once(database: Database) -> None:
    made = rotate(database)
    assert made.signs_from <= clock.now()
    assert Replica(database, 0).signs_with() == made.kid


def test_rotation_with_another_secret_is_refused(database: Database, replica: Replica) -> None:
    with pytest.raises(Conflict, match="SECRET"):
        database.write(keys.rotate, KeyCipher(b"t" * 32))
    assert len(rows(database, models.signing_keys)) == 1


def test_old_key_is_deleted_after_its_last_token_expires(database: Database, replica: Replica, time: Time) -> None:
    (old,) = replica.kids()
    new = rotate(database).kid
    time.passes(PUBLISHED_BEFORE_MS + LIFETIME * clock.SECOND + KEPT_AFTER_EXPIRY_MS - clock.SECOND)
    clean_up(database)
    replica.load()
    assert replica.kids() == [old, new]
    time.passes(2 * clock.SECOND)
    clean_up(database)
    replica.load()
    assert replica.kids() == [new]
    time.passes(clock.DAY)
    clean_up(database)
    assert len(rows(database, models.signing_keys)) == 1, "the one that signs stays"


def test_process_with_another_secret_deletes_no_key_in_use(database: Database, replica: Replica, time: Time) -> None:
    other = KeyCipher(b"t" * 32)
    database.write(keys.load_or_create_keys, other)
    time.passes(clock.DAY)
    for cipher in (CIPHER, other):
        database.write(keys.delete_expired, cipher, LIFETIME * clock.SECOND)
    assert len(rows(database, models.signing_keys)) == 2


def test_signing_key_exists_under_clock_differences(database: Database, time: Time) -> None:
    database.write(keys.load_or_create_keys, CIPHER)
    time.passes(-clock.MINUTE)
    assert Replica(database, 0).signs_with() == rows(database, models.signing_keys)[0].kid


def refused_during_a_rotation(database: Database, time: Time, monkeypatch: pytest.MonkeyPatch) -> int:
    """The number of tokens refused during a rotation, with two replicas and several verifiers.

    The verifiers fetched keys at different times. Each checks the tokens of both replicas when they are issued and at
    the end of their lifetimes, and fetches the keys from either.
    """
    seconds = SimpleNamespace(now=0.0)
    monkeypatch.setattr("shared.security.verifier.time", SimpleNamespace(monotonic=lambda: seconds.now))
    replicas = [Replica(database, phase) for phase in (5, 20)]
    verifiers = {start: verifier(replicas[start // STEP % 2]) for start in (0, 95, 105, 120, 130, 135, 200)}
    minted: dict[int, list[str]] = {}

    async def check(second: int) -> int:
        fresh = [each.token_issuer.access_token(ids.new(), ids.new()) for each in replicas]
        minted[second] = fresh
        about_to_end = minted.get(second - LIFETIME, [])
        awake = [each for start, each in verifiers.items() if start <= second]
        return sum([await is_refused(each, token) for each in awake for token in (*fresh, *about_to_end)])

    failed = 0
    for second in range(0, 2 * LIFETIME, STEP):
        seconds.now = float(second)
        if second == 10:
            rotate(database)
        for each in replicas:
            each.lives_on(second)
        if second % 60 == 0:
            clean_up(database)
        failed += asyncio.run(check(second))
        time.passes(STEP * clock.SECOND)
    assert len(rows(database, models.signing_keys)) == 1, "the rotation is over"
    return failed


def verifier(replica: Replica) -> TokenVerifier:
    return TokenVerifier(JwksClient(replica.token_issuer.key_set), issuer="shutter", audience="shutter")


async def is_refused(verifier: TokenVerifier, token: str) -> bool:
    try:
        await verifier.verify(token)
    except Unauthenticated:
        return True
    return False


def test_no_verification_fails_during_a_rotation(
    database: Database, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused_during_a_rotation(database, time, monkeypatch) == 0


@pytest.mark.parametrize(
    "broken",
    [
        lambda patch: patch.setattr(keys, "PUBLISHED_BEFORE_MS", 0),
        lambda patch: patch.setattr(keys, "KEPT_AFTER_EXPIRY_MS", -LIFETIME * clock.SECOND),
    ],
    ids=["signs at once", "goes at once"],
)
def test_verifications_fail_when_a_rotation_is_too_early(
    database: Database, time: Time, monkeypatch: pytest.MonkeyPatch, broken: Callable[[pytest.MonkeyPatch], None]
) -> None:
    broken(monkeypatch)
    assert refused_during_a_rotation(database, time, monkeypatch) > 0


def test_publication_lead_time_exceeds_reload_and_refetch_intervals() -> None:
    assert PUBLISHED_BEFORE_MS > (RELOAD_SECONDS + REFETCH_SECONDS) * clock.SECOND

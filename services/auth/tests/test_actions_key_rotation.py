"""Signing keys that follow one another: published before they sign, kept until their last token is gone."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import jwt
import pytest

from services.auth import models
from services.auth.actions import keys
from services.auth.actions.keys import KEPT_LONGER, PUBLISHED_BEFORE, RELOADED_EVERY
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
    """One process of auth: its mint, and how often it looks at the keys."""

    def __init__(self, database: Database, phase: int) -> None:
        self.token_issuer = TokenIssuer("shutter", "shutter", LIFETIME)
        self._database = database
        self._phase = phase
        self.load()

    def load(self) -> None:
        """Look at the keys, as the worker does."""
        self.token_issuer.load(self._database.write(keys.have_keys, CIPHER))

    def lives_on(self, second: int) -> None:
        """Look again where it is time to."""
        if second % RELOADED_EVERY == self._phase:
            self.load()

    def kids(self) -> list[str]:
        """The keys that it publishes."""
        return [each["kid"] for each in asyncio.run(self.token_issuer.key_set())["keys"]]

    def signs_with(self) -> str:
        """The key that it signs with now."""
        return str(jwt.get_unverified_header(self.token_issuer.access_token(1, 2))["kid"])


@pytest.fixture
def replica(database: Database) -> Replica:
    """One with the first key."""
    return Replica(database, 0)


def rotate(database: Database) -> keys.Rotation:
    return database.write(keys.rotate, CIPHER)


def clean_up(database: Database) -> None:
    database.write(keys.forget_old, CIPHER, LIFETIME * clock.SECOND)


def test_a_new_key_is_published_before_it_signs(database: Database, replica: Replica, time: Time) -> None:
    (old,) = replica.kids()
    new = rotate(database)
    replica.load()
    assert new.fresh
    assert (replica.kids(), replica.signs_with()) == ([old, new.kid], old)
    time.passes(PUBLISHED_BEFORE - clock.SECOND)
    assert replica.signs_with() == old
    time.passes(clock.SECOND)
    assert replica.signs_with() == new.kid, "at its moment, without looking again"


def test_to_rotate_again_before_the_new_key_signs_changes_nothing(database: Database, time: Time) -> None:
    database.write(keys.have_keys, CIPHER)
    first = rotate(database)
    again = rotate(database)
    assert (again.kid, again.signs_from, again.fresh) == (first.kid, first.signs_from, False)
    time.passes(PUBLISHED_BEFORE)
    assert rotate(database).kid != first.kid


def test_of_many_who_rotate_at_the_same_instant_one_makes_the_key(database: Database) -> None:
    database.write(keys.have_keys, CIPHER)
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: rotate(database), range(6)))
    assert len({each.kid for each in made}) == 1
    assert [row.generation for row in rows(database, models.signing_keys)] == [1, 2]


def test_of_many_that_start_at_the_same_instant_one_makes_the_first_key(database: Database) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: database.write(keys.have_keys, CIPHER), range(6)))
    assert len({each.kid for (each,) in found}) == 1


@pytest.mark.containers
def test_a_first_key_that_comes_between_looking_and_making_stays_the_only_one(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Cluster(servers)
    database = Database(backend.database(MIGRATIONS))
    now, others = clock.now, [CIPHER]

    def meanwhile() -> int:
        while others:
            database.write(keys.have_keys, others.pop())
        return now()

    monkeypatch.setattr(clock, "now", meanwhile)
    (key,) = database.write(keys.have_keys, CIPHER)
    assert [row.kid for row in rows(database, models.signing_keys)] == [key.kid] and not others
    database.close()
    backend.clear()


def test_the_first_key_of_all_signs_at_once(database: Database) -> None:
    made = rotate(database)
    assert made.signs_from <= clock.now()
    assert Replica(database, 0).signs_with() == made.kid


def test_with_another_secret_nobody_rotates(database: Database, replica: Replica) -> None:
    with pytest.raises(Conflict, match="SECRET"):
        database.write(keys.rotate, KeyCipher(b"t" * 32))
    assert len(rows(database, models.signing_keys)) == 1


def test_the_old_key_goes_after_its_last_token_and_not_before(database: Database, replica: Replica, time: Time) -> None:
    (old,) = replica.kids()
    new = rotate(database).kid
    time.passes(PUBLISHED_BEFORE + LIFETIME * clock.SECOND + KEPT_LONGER - clock.SECOND)
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


def test_whoever_has_another_secret_deletes_no_key_that_others_sign_with(
    database: Database, replica: Replica, time: Time
) -> None:
    other = KeyCipher(b"t" * 32)
    database.write(keys.have_keys, other)
    time.passes(clock.DAY)
    for cipher in (CIPHER, other):
        database.write(keys.forget_old, cipher, LIFETIME * clock.SECOND)
    assert len(rows(database, models.signing_keys)) == 2


def test_between_clocks_that_differ_there_is_always_a_key_that_signs(database: Database, time: Time) -> None:
    database.write(keys.have_keys, CIPHER)
    time.passes(-clock.MINUTE)
    assert Replica(database, 0).signs_with() == rows(database, models.signing_keys)[0].kid


def refused_during_a_rotation(database: Database, time: Time, monkeypatch: pytest.MonkeyPatch) -> int:
    """Two replicas and verifiers that met the keys at different moments, step by step: how many tokens fail.

    Each verifier checks the tokens of both replicas as they are made and once more at the end of their lives, and
    asks for the keys of either.
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


def test_while_keys_are_rotated_no_verification_fails(
    database: Database, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused_during_a_rotation(database, time, monkeypatch) == 0


@pytest.mark.parametrize(
    "broken",
    [
        lambda patch: patch.setattr(keys, "PUBLISHED_BEFORE", 0),
        lambda patch: patch.setattr(keys, "KEPT_LONGER", -LIFETIME * clock.SECOND),
    ],
    ids=["signs at once", "goes at once"],
)
def test_the_same_test_notices_a_rotation_that_is_too_hasty(
    database: Database, time: Time, monkeypatch: pytest.MonkeyPatch, broken: Callable[[pytest.MonkeyPatch], None]
) -> None:
    broken(monkeypatch)
    assert refused_during_a_rotation(database, time, monkeypatch) > 0


def test_a_key_is_published_longer_than_replicas_and_verifiers_together_may_not_look() -> None:
    assert PUBLISHED_BEFORE > (RELOADED_EVERY + REFETCH_SECONDS) * clock.SECOND

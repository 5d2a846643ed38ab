"""Keys that sign access tokens, encrypted in the database so that all replicas share them, and their rotation.

A new key is published long before it signs, so that every verifier has fetched it by then. The one before it stays
published until the last token that it signed has expired. Replicas agree because all of it follows from the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Row, delete, insert, select

from shared import clock, ids
from shared.errors import Conflict

from .. import models
from ..tokens import KeyCipher, SigningKey

# Seconds after which a replica reads the keys again.
RELOAD_SECONDS = 30
# How long a new key is published before it signs.
# A verifier fetches the keys when it gets an unknown one, at most every 30 seconds (shared/security/verifier.py), and
# the replica that answers may not have read them for 30 seconds. The other minute is for clocks that differ.
PUBLISHED_BEFORE_MS = 2 * clock.MINUTE
# How long a key is kept after its last token has expired: for clock differences, and the leeway of verifiers.
KEPT_AFTER_EXPIRY_MS = clock.MINUTE


@dataclass(frozen=True, slots=True)
class Rotation:
    """The newest key, from when it signs (ms since 1970), and whether it has just been created."""

    kid: str
    signs_from: int
    fresh: bool


def load_or_create_keys(tx: Connection, cipher: KeyCipher) -> list[SigningKey]:
    """All keys that this secret decrypts, newest last. Creates the first one, which signs at once."""
    rows = _rows(tx)
    return _opened(rows, cipher) or [_make(tx, cipher, rows, clock.now())]


def rotate(tx: Connection, cipher: KeyCipher) -> Rotation:
    """Publish a new key, which signs after a while. A key that does not sign yet counts as the new one.

    Raises Conflict if there are keys and this secret decrypts none: the replicas have another secret.
    """
    rows = _rows(tx)
    have = _opened(rows, cipher)
    if not have and rows:
        raise Conflict("other_secret", "SECRET decrypts none of the existing keys.")
    if have and have[-1].signs_from > clock.now():
        return Rotation(have[-1].kid, have[-1].signs_from, fresh=False)
    made = _make(tx, cipher, rows, clock.now() + PUBLISHED_BEFORE_MS if have else clock.now())
    return Rotation(made.kid, made.signs_from, fresh=True)


def delete_expired(tx: Connection, cipher: KeyCipher, access_token_lifetime: int) -> None:
    """Delete keys whose last token has expired, only this secret's: replicas with another one may still sign with
    theirs.
    """
    before = clock.now() - access_token_lifetime - KEPT_AFTER_EXPIRY_MS
    over = [old.kid for old, new in pairwise(_opened(_rows(tx), cipher)) if new.signs_from < before]
    tx.execute(delete(models.signing_keys).where(models.signing_keys.c.kid.in_(over)))


def _opened(rows: Sequence[Row[Any]], cipher: KeyCipher) -> list[SigningKey]:
    found = (cipher.decrypt(row.kid, row.sealed_private_key, row.signs_from) for row in rows)
    return [key for key in found if key is not None]


def _rows(tx: Connection) -> Sequence[Row[Any]]:
    table = models.signing_keys
    return tx.execute(select(table).order_by(table.c.generation)).all()


def _make(tx: Connection, cipher: KeyCipher, seen: Sequence[Row[Any]], signs_from: int) -> SigningKey:
    """The key after those that were read."""
    # Of two transactions that read the same rows, the second violates the unique generation and is retried. Reading
    # the newest here instead would see a key inserted meanwhile, and create a needless second one.
    table = models.signing_keys
    key = SigningKey(ids.encode(ids.new()), Ed25519PrivateKey.generate(), signs_from)
    tx.execute(
        insert(table).values(
            kid=key.kid,
            generation=seen[-1].generation + 1 if seen else 1,
            sealed_private_key=cipher.encrypt(key.private),
            created_at=clock.now(),
            signs_from=signs_from,
        )
    )
    return key

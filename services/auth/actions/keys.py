"""The keys that sign access tokens, sealed in the database so that all replicas share them."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, insert, select

from shared import clock, ids

from .. import models
from ..tokens import Seal, SigningKey


def have_keys(tx: Connection, seal: Seal) -> list[SigningKey]:
    """All keys that this secret opens, newest last. The first one ever is made here."""
    table = models.signing_keys
    rows = tx.execute(select(table).order_by(table.c.created_at, table.c.kid)).all()
    keys = [key for row in rows if (key := seal.open(row.kid, row.sealed_private_key))]
    return keys or [_make(tx, seal)]


def _make(tx: Connection, seal: Seal) -> SigningKey:
    key = SigningKey(ids.text(ids.new()), Ed25519PrivateKey.generate())
    tx.execute(
        insert(models.signing_keys).values(
            kid=key.kid, sealed_private_key=seal.close(key.private), created_at=clock.now()
        )
    )
    return key

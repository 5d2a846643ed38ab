"""Looks of nicknames, the trail of an account, tries that are pending, and keys that follow one another.

Looks are kept as keyed hashes, and no migration has the key: it lists the accounts whose looks are to be claimed, and
the service, which has the key, works the list off.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, CaseSensitiveString

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make what is new, and fill in what follows from the rows that are there."""
    op.create_table(
        "trail",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("account_id", BigInt, nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("session_id", BigInt, nullable=True),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.Column("device", CaseSensitiveString(100), nullable=True),
        sa.Column("created_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("trail_by_account", "trail", ["account_id", "id"], unique=False)
    op.create_table(
        "unclaimed_looks",
        sa.Column("account_id", BigInt, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.execute("INSERT INTO unclaimed_looks (account_id) SELECT id FROM accounts")
    op.add_column("failures", sa.Column("pending", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("signing_keys", sa.Column("generation", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("signing_keys", sa.Column("signs_from", BigInt, nullable=False, server_default="0"))
    _number_keys()
    op.create_index("signing_keys_by_generation", "signing_keys", ["generation"], unique=True)


def _number_keys() -> None:
    """In the order in which they were made; each signed from that moment on."""
    keys = sa.table("signing_keys", *(sa.column(name) for name in ("kid", "generation", "created_at", "signs_from")))
    connection = op.get_bind()
    rows = connection.execute(sa.select(keys.c.kid, keys.c.created_at).order_by(keys.c.created_at, keys.c.kid)).all()
    for generation, row in enumerate(rows, 1):
        values = {"generation": generation, "signs_from": row.created_at}
        connection.execute(sa.update(keys).where(keys.c.kid == row.kid).values(**values))


def downgrade() -> None:
    """Take it back; looks that were claimed go, for nothing before knows them."""
    op.drop_index("signing_keys_by_generation", table_name="signing_keys")
    op.drop_column("signing_keys", "signs_from")
    op.drop_column("signing_keys", "generation")
    op.drop_column("failures", "pending")
    op.execute("DELETE FROM handles WHERE kind = 'looks'")
    op.drop_table("unclaimed_looks")
    op.drop_index("trail_by_account", table_name="trail")
    op.drop_table("trail")

"""The index of people search.

It is filled with the accounts that there are. Those that the former release adds meanwhile are added by the service.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, CaseSensitiveString

revision = "0003"
down_revision = "0002"
CHUNK_ROWS = 500


def upgrade() -> None:
    """Make the table, and fill it."""
    op.create_table(
        "search_prefixes",
        sa.Column("prefix", CaseSensitiveString(120), nullable=False),
        sa.Column("account_id", BigInt, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("prefix", "account_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("search_prefixes_by_account", "search_prefixes", ["account_id"], unique=False)
    op.drop_index("accounts_by_name", table_name="accounts")
    after = 0
    while rows := _accounts_after(after):
        found = sa.table("search_prefixes", sa.column("prefix"), sa.column("account_id"))
        prefixes = [{"prefix": each, "account_id": row.id} for row in rows for each in sorted(_prefixes(row))]
        op.get_bind().execute(sa.insert(found), prefixes)
        after = rows[-1].id


def _accounts_after(account_id: int) -> list[sa.Row[tuple[int, str, str]]]:
    accounts = sa.table("accounts", sa.column("id"), sa.column("nickname"), sa.column("name_key"))
    following = sa.select(accounts).where(accounts.c.id > account_id).order_by(accounts.c.id).limit(CHUNK_ROWS)
    return list(op.get_bind().execute(following))


def _prefixes(row: sa.Row[tuple[int, str, str]]) -> set[str]:
    return {name[:length] for name in (row.nickname, row.name_key) for length in range(1, len(name) + 1)}


def downgrade() -> None:
    """Drop the table, and let names be looked up as before."""
    op.create_index("accounts_by_name", "accounts", ["name_key", "id"], unique=False)
    op.drop_index("search_prefixes_by_account", table_name="search_prefixes")
    op.drop_table("search_prefixes")

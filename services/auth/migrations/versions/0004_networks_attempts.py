"""Networks of logins, attempts to claim handles, and when spent refresh tokens may be deleted.

Only adds: the release before runs on it.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make what is new, and note from where those who are logged in came."""
    op.create_table(
        "known_networks",
        sa.Column("account_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("network", sa.String(length=50), nullable=False),
        sa.Column("last_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "network"),
    )
    op.create_index("known_networks_by_age", "known_networks", ["last_at"], unique=False)
    _note_networks()
    op.create_table(
        "handle_attempts",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("account_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("handle_attempts_by_account", "handle_attempts", ["account_id", "kind", "created_at"], unique=False)
    op.add_column("handles", sa.Column("claimed_at", BigInt, nullable=True))
    op.add_column("refresh_tokens", sa.Column("forget_at", BigInt, nullable=True))


def _note_networks() -> None:
    """The IPv4 addresses of logins that last, as networks of one address each."""
    sessions = sa.table("sessions", *(sa.column(name) for name in ("account_id", "ip", "last_used_at", "ended_at")))
    networks = sa.table("known_networks", *(sa.column(name) for name in ("account_id", "network", "last_at")))
    ip = sa.cast(sessions.c.ip, sa.String(45))
    lasting = (
        sa.select(sessions.c.account_id, ip + "/32", sa.func.max(sessions.c.last_used_at))
        .where(sessions.c.ended_at.is_(None), sessions.c.ip.like("%.%"), sessions.c.ip.not_like("%:%"))
        .group_by(sessions.c.account_id, sessions.c.ip)
    )
    op.execute(sa.insert(networks).from_select(["account_id", "network", "last_at"], lasting))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("refresh_tokens", "forget_at")
    op.drop_column("handles", "claimed_at")
    op.drop_index("handle_attempts_by_account", table_name="handle_attempts")
    op.drop_table("handle_attempts")
    op.drop_index("known_networks_by_age", table_name="known_networks")
    op.drop_table("known_networks")

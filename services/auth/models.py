"""Tables of auth: accounts, handles, sessions and audit logs, keys, and deleted accounts."""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table

from shared.database.statements import BigInt, CaseSensitiveString, VarBinary
from shared.events.inbox import inbox_table
from shared.events.outbox import outbox_table
from shared.files.garbage import garbage_table

metadata = MetaData()

accounts = Table(
    "accounts",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("email", CaseSensitiveString(254), nullable=False),
    Column("name", CaseSensitiveString(60), nullable=False),
    Column("name_key", CaseSensitiveString(120), nullable=False),  # folded for search
    Column("nickname", CaseSensitiveString(30), nullable=False),
    Column("phone", String(16)),
    Column("bio", CaseSensitiveString(150), nullable=False),
    Column("avatar", String(120)),  # the file's name in storage
    Column("password_hash", String(255), nullable=False),
    Column("version", Integer, nullable=False),  # of the fields that other services copy
    Column("created_at", BigInt, nullable=False),
    Column("updated_at", BigInt, nullable=False),
    Index("accounts_by_nickname", "nickname", "id"),
)

search_prefixes = Table(  # every prefix of each nickname and name: the accounts with a prefix are one range
    "search_prefixes",
    metadata,
    Column("prefix", CaseSensitiveString(120), primary_key=True),
    Column("account_id", BigInt, primary_key=True, autoincrement=False),
    Index("search_prefixes_by_account", "account_id"),
    sqlite_with_rowid=False,
)

handles = Table(  # outlives its account, so that nobody can pose as its owner; hashed, so that it reveals nothing
    "handles",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("digest", VarBinary(32), primary_key=True),
    Column("account_id", BigInt, nullable=False),
    Column("claimed_at", BigInt),  # NULL: long ago
    Index("handles_by_account", "account_id"),
)

handle_attempts = Table(  # attempts to claim another nickname or phone, to limit them
    "handle_attempts",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("account_id", BigInt, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("created_at", BigInt, nullable=False),
    Index("handle_attempts_by_account", "account_id", "kind", "created_at"),
)

unclaimed_looks = Table(  # accounts whose skeletons are not claimed yet, from an earlier release; then empty
    "unclaimed_looks",
    metadata,
    Column("account_id", BigInt, primary_key=True, autoincrement=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("account_id", BigInt, nullable=False),
    Column("device", CaseSensitiveString(100)),
    Column("ip", String(45), nullable=False),
    Column("created_at", BigInt, nullable=False),
    Column("last_used_at", BigInt, nullable=False),
    Column("expires_at", BigInt, nullable=False),
    Column("ended_at", BigInt),
    Index("sessions_by_account", "account_id", "id"),
    Index("sessions_by_end", "ended_at"),
    Index("sessions_by_expiry", "expires_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("digest", VarBinary(32), primary_key=True),
    Column("session_id", BigInt, nullable=False),
    Column("parent", VarBinary(32)),  # no longer written; the release before 0003 reads it
    Column("issued_at", BigInt, nullable=False),
    Column("spent_at", BigInt),
    Column("forget_at", BigInt),  # when the row of a spent token may be deleted; NULL if only the row tells its session
    Index("refresh_tokens_by_session", "session_id"),
    Index("refresh_tokens_by_parent", "parent"),
)

trail = Table(  # the audit log of each account, which its owner can read
    "trail",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("account_id", BigInt, nullable=False),
    Column("type", String(32), nullable=False),
    Column("session_id", BigInt),
    Column("ip", String(45), nullable=False),
    Column("device", CaseSensitiveString(100)),
    Column("created_at", BigInt, nullable=False),
    Index("trail_by_account", "account_id", "id"),
)

known_networks = Table(  # from where an account has logged in; password attempts from there are throttled separately
    "known_networks",
    metadata,
    Column("account_id", BigInt, primary_key=True, autoincrement=False),
    Column("network", String(50), primary_key=True),
    Column("last_at", BigInt, nullable=False),
    Index("known_networks_by_age", "last_at"),
)

failures = Table(  # failed passwords, by what the attempts are counted under; see api/reauthentication.py
    "failures",
    metadata,
    Column("digest", VarBinary(32), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("pending", Integer, nullable=False),  # attempts without an outcome yet
    Column("blocked_until", BigInt, nullable=False),
    Column("last_at", BigInt, nullable=False),
    Index("failures_by_age", "last_at"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(32), primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("sealed_private_key", VarBinary(1024), nullable=False),
    Column("created_at", BigInt, nullable=False),
    Column("signs_from", BigInt, nullable=False),
    Index("signing_keys_by_generation", "generation", unique=True),
)

withdrawals = Table(  # the deleted accounts; other services reconcile with this list
    "withdrawals",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("account_id", BigInt, nullable=False),
    Column("withdrawn_at", BigInt, nullable=False),
    Column("announced_at", BigInt, nullable=False),
    Column("complete", Boolean, nullable=False),
    Index("withdrawals_by_account", "account_id", unique=True),
    Index("withdrawals_by_state", "complete", "announced_at"),
)

purges = Table(
    "purges",
    metadata,
    Column("account_id", BigInt, primary_key=True, autoincrement=False),
    Column("service", String(20), primary_key=True),
    Column("purged_at", BigInt, nullable=False),
)

person_facts = Table(  # events in the outbox that contain a user's names, so that they are deleted with the account
    "person_facts",
    metadata,
    Column("account_id", BigInt, primary_key=True, autoincrement=False),
    Column("event_id", BigInt, primary_key=True, autoincrement=False),
    Index("person_facts_by_event", "event_id"),
)

disposal = garbage_table(metadata)
outbox = outbox_table(metadata)
inbox = inbox_table(metadata)

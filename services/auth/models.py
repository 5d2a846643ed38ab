"""Tables of auth: accounts, handles, sessions and audit logs, keys, and deleted accounts. Others: *_tables.py."""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table, false

from shared.database.statements import BigInt, CaseSensitiveString, VarBinary
from shared.events.inbox import inbox_table
from shared.events.outbox import outbox_table
from shared.files.garbage import garbage_table
from shared.mail.queue import mail_table
from shared.replication.pairs import pair_table

from . import moderation_tables

metadata = MetaData()


def queue_table(name: str) -> Table:
    """A table of accounts that a worker still has something to do for."""
    return Table(name, metadata, Column("account_id", BigInt, primary_key=True, autoincrement=False))


accounts = Table(
    "accounts",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("email", CaseSensitiveString(254), nullable=False),
    Column("name", CaseSensitiveString(60), nullable=False),
    Column("name_key", CaseSensitiveString(120), nullable=False),  # normalised for search
    Column("nickname", CaseSensitiveString(30), nullable=False),
    Column("phone", String(16)),
    Column("bio", CaseSensitiveString(150), nullable=False),
    Column("avatar", String(120)),  # the file's name in storage
    Column("password_hash", String(255), nullable=False),  # "!" where there is no password
    Column("second_factor", Boolean, nullable=False, server_default=false()),  # whether a login needs a code
    Column("email_verified", Boolean, nullable=False, server_default=false()),  # its owner reads what is sent there
    Column("language", String(2), nullable=False, server_default="en"),  # of messages to its owner
    Column("version", Integer, nullable=False),  # of the fields that other services copy
    Column("created_at", BigInt, nullable=False),
    Column("updated_at", BigInt, nullable=False),
    Column("role", String(10), nullable=False, server_default="member"),  # of shared.security.access_tokens.ROLES
    Column("suspended", Boolean, nullable=False, server_default=false()),  # by a moderator or an operator: hidden
    Column("suspended_at", BigInt),  # NULL unless it is suspended
    Column("pending", Boolean, nullable=False, server_default=false()),  # suspended until a moderator approves it
    Index("accounts_by_nickname", "nickname", "id"),
    Index("accounts_by_suspension", "suspended", "id"),
    Index("accounts_by_role", "role", "id"),
    Index("accounts_by_approval", "pending", "id"),
)

search_prefixes = Table(  # every prefix of each nickname and name: the accounts with a prefix are one range
    "search_prefixes",
    metadata,
    Column("prefix", CaseSensitiveString(120), primary_key=True),
    Column("account_id", BigInt, primary_key=True, autoincrement=False),
    Index("search_prefixes_by_account", "account_id"),
    sqlite_with_rowid=False,
)

restrictions = pair_table("restrictions", metadata, ("person_id", "other_id"), ("blocking",))  # copies of social's
unpurged_restrictions = queue_table("unpurged_restrictions")  # deleted accounts whose blocks are to be removed

handles = Table(  # hashed; stays after its account is deleted, so that nobody can impersonate its owner
    "handles",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("digest", VarBinary(32), primary_key=True),
    Column("account_id", BigInt, nullable=False),
    Column("claimed_at", BigInt),  # NULL: claimed before this column existed
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

unclaimed_looks = queue_table("unclaimed_looks")  # accounts of an earlier release, whose skeletons are not claimed yet

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
    Column("forget_at", BigInt),  # when the row of a spent token may be deleted; NULL: only the row has its session
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

failures = Table(  # failed passwords, by throttle key; see api/reauthentication.py
    "failures",
    metadata,
    Column("digest", VarBinary(32), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("pending", Integer, nullable=False),  # attempts without an outcome yet
    Column("blocked_until", BigInt, nullable=False),
    Column("last_at", BigInt, nullable=False),
    Index("failures_by_age", "last_at"),
)

totp_secrets = Table(  # of authenticator apps; without effect until accounts.second_factor is set
    "totp_secrets",
    metadata,
    Column("account_id", BigInt, primary_key=True, autoincrement=False),
    Column("sealed_secret", VarBinary(255), nullable=False),
    Column("last_step", BigInt, nullable=False),  # the time step of the last code: it and older ones are refused
    Column("created_at", BigInt, nullable=False),
)

recovery_codes = Table(  # hashed; a used one is deleted
    "recovery_codes",
    metadata,
    Column("account_id", BigInt, primary_key=True, autoincrement=False),
    Column("digest", VarBinary(32), primary_key=True),
)

passkeys = Table(  # credentials of WebAuthn
    "passkeys",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("account_id", BigInt, nullable=False),
    Column("credential_id", VarBinary(1023), nullable=False),
    Column("public_key", VarBinary(1024), nullable=False),  # in COSE (RFC 9052)
    Column("sign_count", BigInt, nullable=False),  # of the last use; stays 0 if the authenticator does not count
    Column("name", CaseSensitiveString(60), nullable=False),
    Column("created_at", BigInt, nullable=False),
    Column("last_used_at", BigInt),
    Index("passkeys_by_account", "account_id", "id"),
    Index("passkeys_by_credential", "credential_id", unique=True),
)

identities = Table(  # of accounts at OpenID Connect providers
    "identities",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("account_id", BigInt, nullable=False),
    Column("provider", String(32), nullable=False),  # its id in the setting OIDC_PROVIDERS
    Column("digest", VarBinary(32), nullable=False),  # of the issuer and the subject
    Column("subject", CaseSensitiveString(255), nullable=False),
    Column("email", CaseSensitiveString(254)),  # that the provider had confirmed when it was linked
    Column("created_at", BigInt, nullable=False),
    Column("last_used_at", BigInt),
    Index("identities_by_account", "account_id", "id"),
    Index("identities_by_provider", "account_id", "provider", unique=True),
    Index("identities_by_digest", "digest", unique=True),
)

used_challenges = Table(  # of passkeys, and of sign-ins with a provider, until they expire: each is used once
    "used_challenges",
    metadata,
    Column("digest", VarBinary(32), primary_key=True),
    Column("expires_at", BigInt, nullable=False),
    Index("used_challenges_by_expiry", "expires_at"),
)

exports = Table(  # of a person's own data: at most one for each account
    "exports",
    metadata,
    Column("account_id", BigInt, primary_key=True, autoincrement=False),
    Column("name", String(40), nullable=False),  # of its file in storage
    Column("requested_at", BigInt, nullable=False),
    Column("due_at", BigInt),  # when a worker may begin it, or begin it again; NULL: it is ready
    Column("expires_at", BigInt),
    Index("exports_by_due", "due_at"),
    Index("exports_by_expiry", "expires_at"),
)

email_confirmations = Table(  # the link and code of each account that are open; computed from `serial` with a key
    "email_confirmations",
    metadata,
    Column("account_id", BigInt, primary_key=True, autoincrement=False),
    Column("serial", BigInt, nullable=False),
    Column("tries", Integer, nullable=False),  # wrong codes
    Column("expires_at", BigInt, nullable=False),
    Index("email_confirmations_by_expiry", "expires_at"),
)

password_resets = Table(  # the link of each account that is open; computed from `serial` with a key
    "password_resets",
    metadata,
    Column("account_id", BigInt, primary_key=True, autoincrement=False),
    Column("serial", BigInt, nullable=False),
    Column("expires_at", BigInt, nullable=False),
    Index("password_resets_by_expiry", "expires_at"),
)

reset_requests = Table(  # queue: addresses, hashed, for which a link was asked; whether or not an account has them
    "reset_requests",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("digest", VarBinary(32), nullable=False),
)

mail_limits = Table(  # when messages of a kind were sent to an address, in the last hour
    "mail_limits",
    metadata,
    Column("digest", VarBinary(32), primary_key=True),
    Column("times", VarBinary(80), nullable=False),  # ms since 1970, 8 bytes each
    Column("last_at", BigInt, nullable=False),
    Index("mail_limits_by_age", "last_at"),
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

unrecorded_withdrawals = queue_table("unrecorded_withdrawals")  # whose record beside the database is to be written

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

moderation_log, reports, invitations = moderation_tables.all_tables(metadata)
disposal = garbage_table(metadata)
mails = mail_table(
    metadata,
    Column("account_id", BigInt, nullable=False),
    Column("template", String(32), nullable=False),
    Column("reference", BigInt, nullable=False),  # the serial of a link, or the entry of the audit log
    Index("mails_by_account", "account_id"),
)
outbox = outbox_table(metadata)
inbox = inbox_table(metadata)

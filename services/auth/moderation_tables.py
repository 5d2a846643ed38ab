"""Tables of moderation: reports, invitations, and what moderators and operators have done."""

from sqlalchemy import JSON, Column, Index, Integer, MetaData, String, Table

from shared.database.statements import BigInt, CaseSensitiveString, VarBinary

# Of what a moderator writes to the person concerned.
MAX_REASON_LENGTH = 1_000
# Of what a reporter writes to the moderators.
MAX_NOTE_LENGTH = 1_000


def all_tables(metadata: MetaData) -> tuple[Table, Table, Table]:
    """The log, the reports and the invitations."""
    return _log_table(metadata), _report_table(metadata), _invitation_table(metadata)


def _log_table(metadata: MetaData) -> Table:
    """What moderators and operators did. Rows are only inserted; the deletion of an account blanks texts about it."""
    return Table(
        "moderation_log",
        metadata,
        Column("id", BigInt, primary_key=True, autoincrement=False),
        Column("actor_id", BigInt),  # NULL: an operator, by a command
        Column("action", String(32), nullable=False),
        Column("account_id", BigInt, nullable=False),  # whom it is about
        Column("subject_kind", String(8), nullable=False),
        Column("subject_id", BigInt, nullable=False),  # of the account itself, or of what it has made
        Column("role", String(10)),  # the new one
        Column("category", String(16)),  # of the report that it follows from
        Column("reason", CaseSensitiveString(MAX_REASON_LENGTH)),
        Column("created_at", BigInt, nullable=False),
        Index("moderation_log_by_account", "account_id", "id"),
    )


def _report_table(metadata: MetaData) -> Table:
    """What people have reported. A row is deleted with the account of its reporter or of its owner."""
    return Table(
        "reports",
        metadata,
        Column("id", BigInt, primary_key=True, autoincrement=False),
        Column("reporter_id", BigInt, nullable=False),
        Column("subject_kind", String(8), nullable=False),
        Column("subject_id", BigInt, nullable=False),
        Column("owner_id", BigInt, nullable=False),  # who has made it, or who it is
        Column("category", String(16), nullable=False),
        Column("note", CaseSensitiveString(MAX_NOTE_LENGTH)),
        Column("content", JSON, nullable=False),  # what the reporter saw
        Column("state", String(8), nullable=False),
        Column("moderator_id", BigInt),  # who has taken or resolved it
        Column("action", String(16)),
        Column("created_at", BigInt, nullable=False),
        Column("resolved_at", BigInt),
        Index("reports_by_reporter", "reporter_id", "subject_kind", "subject_id", unique=True),
        Index("reports_by_age", "reporter_id", "id"),
        Index("reports_by_subject", "subject_kind", "subject_id"),
        Index("reports_by_state", "state", "id"),
        Index("reports_by_owner", "owner_id"),
        Index("reports_by_moderator", "moderator_id", "state"),
        Index("reports_by_resolution", "resolved_at"),
    )


def _invitation_table(metadata: MetaData) -> Table:
    """Invitations to sign up, until they end. The code is shown once, and stored hashed."""
    return Table(
        "invitations",
        metadata,
        Column("id", BigInt, primary_key=True, autoincrement=False),
        Column("digest", VarBinary(32), nullable=False),
        Column("creator_id", BigInt),  # NULL: an operator, or a deleted account
        Column("uses", Integer, nullable=False),
        Column("uses_left", Integer, nullable=False),
        Column("created_at", BigInt, nullable=False),
        Column("expires_at", BigInt, nullable=False),
        Index("invitations_by_digest", "digest", unique=True),
        Index("invitations_by_creator", "creator_id"),
        Index("invitations_by_expiry", "expires_at"),
    )

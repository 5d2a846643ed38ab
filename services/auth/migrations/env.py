"""Lets Alembic bring auth's tables to a revision."""

from services.auth.models import metadata
from shared.database.migrations import run_migrations

run_migrations(metadata)

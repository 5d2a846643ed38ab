"""Lets Alembic bring dm's tables to a revision."""

from services.dm.models import metadata
from shared.database.migrations import run_migrations

run_migrations(metadata)

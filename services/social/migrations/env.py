"""Lets Alembic bring social's tables to a revision."""

from services.social.models import metadata
from shared.database.migrations import run_migrations

run_migrations(metadata)

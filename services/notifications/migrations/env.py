"""Lets Alembic bring the tables of notifications to a revision."""

from services.notifications.models import metadata
from shared.database.migrations import run_migrations

run_migrations(metadata)

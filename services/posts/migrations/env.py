"""Lets Alembic bring posts' tables to a revision."""

from services.posts.models import metadata
from shared.database.migrations import run_migrations

run_migrations(metadata)

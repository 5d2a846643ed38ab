"""Tests that every service must pass: its test_service_suite.py has a class that inherits them."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, inspect

from shared.database import migrations
from shared.database.engine import Database
from shared.testing.backends import only_embedded
from shared.testing.live_service import LiveService
from shared.testing.malformed import CASES
from shared.testing.raw_http import field_errors, send_raw


class ServiceSuite:
    """A subclass sets the two attributes and has a fixture `service`."""

    metadata: MetaData
    migrations_folder: Path

    def test_migrations_upgrade_downgrade_and_upgrade_again(self, empty_database: Database) -> None:
        migrations.upgrade(empty_database, self.migrations_folder)
        assert _tables(empty_database) == set(self.metadata.tables)
        migrations.upgrade(empty_database, self.migrations_folder)
        migrations.downgrade(empty_database, self.migrations_folder)
        assert _tables(empty_database) == set()
        migrations.upgrade(empty_database, self.migrations_folder)
        migrations.upgrade(empty_database, self.migrations_folder)
        assert _tables(empty_database) == set(self.metadata.tables)

    def test_models_equal_the_migrated_tables(self, database: Database) -> None:
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, self.metadata) == []

    # Only the gateway should ever send requests, but a service must not rely on it.
    @only_embedded
    def test_malformed_requests_are_handled_safely(self, service: LiveService) -> None:
        reactions = send_raw(service.client.base_url.port or 0, CASES, "/healthz")
        found = {case.name: field_errors(case, reaction) for case, reaction in zip(CASES, reactions, strict=True)}
        assert {name: each for name, each in found.items() if each} == {}
        assert service.client.get("/healthz").status_code == 200


def _tables(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}

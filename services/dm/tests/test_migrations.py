"""Constraints of the migrated tables, which Alembic does not compare."""

from sqlalchemy import inspect

from shared.database.engine import Database


def test_message_has_exactly_one_kind_of_content(database: Database) -> None:
    with database.engine.connect() as connection:
        constraints = inspect(connection).get_check_constraints("messages")
    assert {each["name"] for each in constraints} == {"messages_say_one_thing"}

"""Statements whose SQL text is generated once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Connection, bindparam, literal, select
from sqlalchemy.dialects import mysql

from shared.database.engine import Database
from shared.database.statements import PreparedSelect

_SUM = PreparedSelect(select(bindparam("one", type_=BigInteger) + literal(2) + bindparam("one", type_=BigInteger)))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/any.db")
    yield opened
    opened.close()


def total(connection: Connection, parameters: dict[str, int]) -> Any:
    return _SUM.execute(connection, parameters).scalar_one()


def test_prepared_select_has_its_own_values_and_the_given_ones(database: Database) -> None:
    assert [database.read(total, {"one": each}) for each in (1, 10)] == [4, 22]


def test_prepared_select_requires_its_parameters(database: Database) -> None:
    with pytest.raises(KeyError):
        database.read(total, {})


def test_prepared_select_has_no_value_of_a_required_parameter_on_mysql() -> None:
    _, _, values = _SUM._compile(mysql.dialect(paramstyle="pyformat"))
    assert "one" not in values and 2 in values.values()

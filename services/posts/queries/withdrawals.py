"""How far the list of withdrawals has been compared."""

from sqlalchemy import Connection, select

from .. import models

ONLY_ROW = 1
"""The id of the one row of the table `reconciliation`."""


def place_in_withdrawals(connection: Connection) -> int:
    """The last entry of auth's list of withdrawals that has been compared; 0 before the first."""
    table = models.reconciliation.c
    return connection.execute(select(table.place).where(table.id == ONLY_ROW)).scalar_one_or_none() or 0

"""Columns of a row as one JSON array: PyMySQL takes as long to read a column as a row."""

from collections import namedtuple
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Result, Text, func, type_coerce


class Packed:
    """Columns of numbers and texts, packed into one, and others (`beside`) unchanged."""

    def __init__(self, *columns: ColumnElement[Any], beside: tuple[ColumnElement[Any], ...] = ()) -> None:
        self.columns = (type_coerce(func.json_array(*columns), Text), *beside)
        """What to select."""
        row: Any = namedtuple("Row", [str(each.key) for each in (*columns, *beside)])  # type: ignore[misc] # by columns
        self._make = row._make

    def rows(self, found: Result[Any]) -> list[Any]:
        """The rows, as named tuples. Booleans are numbers on some databases."""
        return [self._make((*orjson.loads(row[0]), *row[1:])) for row in found.all()]

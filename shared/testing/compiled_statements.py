"""Shares compiled SQL between the engines of a test run.

SQLAlchemy keeps what it compiled with each engine, and each test opens engines of its own: compiling took an eighth of
the CPU of the tests of services.
"""

from typing import Any

from sqlalchemy.util import LRUCache


class CompiledStatements(LRUCache[Any, Any]):
    """Like the cache of an engine. Its keys name the kind of the database instead of one engine's dialect."""

    def __init__(self) -> None:
        super().__init__(5_000)  # more than the statements of all services for both databases

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_of_any_engine(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_of_any_engine(key), value)


def _of_any_engine(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect, *statement = key
    return type(dialect), *statement

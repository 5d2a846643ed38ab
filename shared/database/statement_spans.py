"""Spans of SQL statements, by the events of SQLAlchemy. They contain the statement, never its parameters."""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext

from shared.tracing import spans

MAX_STATEMENT_CHARACTERS = 2_000


def trace_failures(engine: Engine) -> None:
    """Let the spans of statements that fail end too. SQLAlchemy permits this listener for engines only."""
    event.listen(engine, "handle_error", _fail)


def trace_statements(connection: Connection) -> None:
    """A span for each statement of this connection, until it is closed, if there is a current span."""
    # Not for the engine: listeners add half to the cost of each statement, also of requests that are not traced.
    if spans.current().recording:
        event.listen(connection, "before_cursor_execute", _start)
        event.listen(connection, "after_cursor_execute", _end)


def _start(connection: Connection, _cursor: object, statement: str, _parameters: object, context: Any, _: bool) -> None:
    context.span = span = spans.child(statement.partition(" ")[0])
    span.describe("db.system.name", connection.dialect.name)
    span.describe("db.query.text", statement[:MAX_STATEMENT_CHARACTERS])


def _end(_connection: object, _cursor: object, _statement: str, _parameters: object, context: Any, _: bool) -> None:
    context.span.end()


def _fail(failure: ExceptionContext) -> None:
    span: spans.Span = getattr(failure.execution_context, "span", spans.NO_SPAN)
    span.fail(type(failure.original_exception).__name__)
    span.end()

"""Logging: JSON lines in production, plain lines in development. Entries contain no names, addresses or tokens."""

import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Literal

import structlog
from structlog.typing import EventDict, ExcInfo, Processor

from shared import request_log
from shared.errors import AppError
from shared.log_limit import LogLimit
from shared.tracing import spans

Environment = Literal["development", "production"]


def _add_trace_id(_logger: object, _method: str, entry: EventDict) -> EventDict:
    trace_id = spans.current().trace_id
    if trace_id is not None:
        entry["trace_id"] = trace_id
    return entry


_BEFORE: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    _add_trace_id,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(level: str, environment: Environment) -> None:
    """Set up structlog and the standard library's logging to write the same form to standard error."""
    configure_own(level, environment)
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(LogLimit())
    processors = [_without_internals, *_last(environment)]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_BEFORE, processors=processors))
    logging.basicConfig(handlers=[handler], level=max(_number(level), logging.WARNING), force=True)
    request_log.configure(enabled=_number(level) <= logging.INFO, as_json=environment == "production")


def configure_own(level: str, environment: Environment) -> None:
    """Configure only structlog, not the logging of other libraries."""
    structlog.configure(
        processors=[LogLimit(), *_BEFORE, *_last(environment)],
        wrapper_class=structlog.make_filtering_bound_logger(_number(level)),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _last(environment: Environment) -> list[Processor]:
    if environment == "production":
        return [structlog.processors.ExceptionRenderer(_traceback), structlog.processors.JSONRenderer()]
    # The default traceback prints local variables, which may contain passwords.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _traceback(exc_info: ExcInfo) -> str:
    """Types and places of an exception and its causes. Its message only where it cannot quote what a client sent."""
    chain = traceback.TracebackException(*exc_info)
    return "".join(_lines(chain, exc_info[1]))


def _lines(found: traceback.TracebackException, error: BaseException) -> Iterator[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = found.__cause__ or found.__context__
    if cause is not None and before is not None:
        yield from _lines(before, cause)
        yield "\nThe next exception followed from it:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from found.stack.format()
    name = type(error).__qualname__
    yield f"{name}: {error}" if isinstance(error, (AppError, OSError)) else name
    if isinstance(error, BaseExceptionGroup) and found.exceptions:
        for inner, each in zip(found.exceptions, error.exceptions, strict=False):
            yield "\nIn this group:\n"
            yield from _lines(inner, each)


def _number(level: str) -> int:
    number: int = getattr(logging, level.upper())
    return number


def _without_internals(_logger: object, _method: str, entry: EventDict) -> EventDict:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(None, "", entry)

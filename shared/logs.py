"""Logging: JSON lines in production, plain lines in development. Entries contain no names, addresses or tokens."""

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor

from shared.log_limit import LogLimit

Environment = Literal["development", "production"]

_BEFORE: list[Processor] = [
    structlog.contextvars.merge_contextvars,
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


def configure_own(level: str, environment: Environment) -> None:
    """Only what our own code logs; other libraries stay as they are."""
    structlog.configure(
        processors=[LogLimit(), *_BEFORE, *_last(environment)],
        wrapper_class=structlog.make_filtering_bound_logger(_number(level)),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _last(environment: Environment) -> list[Processor]:
    if environment == "production":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # The default traceback prints local variables, and passwords are among them.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _number(level: str) -> int:
    number: int = getattr(logging, level.upper())
    return number


def _without_internals(_logger: object, _method: str, entry: EventDict) -> EventDict:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(None, "", entry)

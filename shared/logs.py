"""Logs: one line of JSON for each entry in production, plain lines elsewhere. No names, addresses or tokens."""

import logging
import sys
from typing import Literal

import structlog


def configure(level: str, environment: Literal["development", "production"]) -> None:
    """Set up structlog and the standard library's logging to write the same form to standard error."""
    number = getattr(logging, level.upper())
    plain = structlog.dev.plain_traceback  # the default one prints local variables, and passwords are among them
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if environment == "production"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
    )
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*before, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before, processors=[_without_internals, structlog.processors.format_exc_info, renderer]
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def _without_internals(_logger: object, _method: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(None, "", entry)

"""What tests of every room need. Only tests import it."""

from shared import logs
from shared.testing.live_service import Running, running_service

from .contracts import announced, assert_fits, event_schema, examples_of
from .stubs import Stub
from .tokens import Minter
from .waiting import eventually

__all__ = [
    "Minter",
    "Running",
    "Stub",
    "announced",
    "assert_fits",
    "event_schema",
    "eventually",
    "examples_of",
    "running_service",
]

# Without this each failure that a test provokes is printed with all local variables, which takes a second.
logs.configure_own("warning", "development")

"""Helpers for the tests of every package. Only tests import them."""

from shared import logs
from shared.testing.live_service import LiveService, running_service

from .contracts import assert_matches_contract, event_schema, examples_of, outbox_events
from .stubs import Stub
from .tokens import FakeTokenIssuer
from .waiting import eventually

__all__ = [
    "FakeTokenIssuer",
    "LiveService",
    "Stub",
    "assert_matches_contract",
    "event_schema",
    "eventually",
    "examples_of",
    "outbox_events",
    "running_service",
]

# Without this each failure that a test provokes is printed with all local variables, which takes a second.
logs.configure_own("warning", "development")

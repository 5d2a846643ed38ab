"""Sends raw bytes to a server, many sequences at once, and checks the reactions."""

import re
import select
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from shared.testing.malformed import EVERYBODY, NOBODY, REFUSED, Case
from shared.testing.waiting import WAIT_SECONDS

QUIET_SECONDS = 1.0
"""After this time without a byte, no more is expected from a server that may keep the connection open.

On a slow machine this can only miss a fault, never report one that is not there.
"""
_STATUS_LINE = re.compile(rb"^HTTP/1\.[01] ([0-9]{3})", re.MULTILINE)


@dataclass(frozen=True)
class Reaction:
    """The responses of a server, and whether it closed the connection."""

    statuses: tuple[int, ...]
    """Of its answers, without 100 Continue."""
    closed: bool


def send_raw(port: int, cases: Sequence[Case], path: str) -> list[Reaction]:
    """Send each of these to this path, on separate connections, at the same time."""
    lines = [_sent(port, case.to(path)) for case in cases]
    to_be_closed = {line for line, case in zip(lines, cases, strict=True) if case.refused is EVERYBODY}
    received = dict.fromkeys(lines, b"")
    open_ = set(lines)
    deadline = time.monotonic() + WAIT_SECONDS
    while open_ and time.monotonic() < deadline:
        readable, _, _ = select.select(list(open_), [], [], QUIET_SECONDS)
        if not readable and not open_ & to_be_closed:
            break
        for line in readable:
            part = _part(line)
            received[line] += part
            if not part:
                open_.discard(line)
    for line in lines:
        line.close()
    return [Reaction(_statuses(received[line]), line not in open_) for line in lines]


def field_errors(case: Case, reaction: Reaction) -> list[str]:
    """Descriptions of wrong reactions."""
    found = []
    if len(reaction.statuses) > case.answers:
        found.append("there were more answers than requests")
    if any(status >= 500 and status not in REFUSED for status in reaction.statuses):
        found.append("the server failed")
    if case.refused is EVERYBODY:
        found += _misunderstood(reaction)
        if not reaction.closed:
            found.append("the connection goes on after what nobody can understand")
    return found


def gateway_faults(case: Case, reaction: Reaction) -> list[str]:
    """The same for the gateway, which is in front of the services."""
    return field_errors(case, reaction) + ([] if case.refused is NOBODY else _misunderstood(reaction))


def _misunderstood(reaction: Reaction) -> list[str]:
    understood = [status for status in reaction.statuses[-1:] if status not in REFUSED]
    return ["it was taken for a request"] if understood else []


def _sent(port: int, request: bytes) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
    with suppress(OSError):  # it may be closed before everything is sent
        line.sendall(request)
    return line


def _part(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except OSError:
        return b""


def _statuses(received: bytes) -> tuple[int, ...]:
    return tuple(status for status in map(int, _STATUS_LINE.findall(received)) if status != 100)

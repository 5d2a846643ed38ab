"""The process that develops: one upload after another, within limits that the system itself keeps.

Whatever a file makes a decoder do (crash, spin, eat memory) ends this process and nothing else.
"""

import contextlib
import os
import resource
import select
import signal
import sys
from typing import BinaryIO

from shared.errors import Refusal
from shared.images import limits, pipe_protocol, renditions

IDLE_SECONDS = 60


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that nothing that a library prints lands among the answers
    os.nice(5)  # whoever only reads should not wait for somebody's picture
    with contextlib.suppress(ValueError, OSError):  # not every system limits address space
        resource.setrlimit(resource.RLIMIT_AS, (limits.MEMORY, limits.MEMORY))
    serve(sys.stdin.buffer, answers)


def serve(uploads: BinaryIO, answers: BinaryIO) -> None:
    """Until nobody has sent anything for a while, or the sender is gone."""
    with contextlib.suppress(EOFError, BrokenPipeError):
        while select.select([uploads], [], [], IDLE_SECONDS)[0]:
            handle_upload(pipe_protocol.receive(uploads), answers)


def handle_upload(upload: bytes, answers: BinaryIO) -> None:
    # When it is over, its signal ends the process, even inside C code.
    signal.setitimer(signal.ITIMER_PROF, limits.CPU_SECONDS)
    try:
        picture = renditions.render(upload)
    except Refusal as refusal:
        pipe_protocol.send_error(answers, refusal)
    else:
        pipe_protocol.send_image(answers, picture)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main()

"""Main module of the decoder subprocess: one upload after another, with CPU and memory limits of the system.

A file that makes a decoder crash, loop or allocate too much ends only this process.
"""

import contextlib
import os
import resource
import select
import signal
import sys
from typing import BinaryIO

from shared.errors import AppError
from shared.images import limits, pipe_protocol, renditions
from shared.images.variants import RenditionPlan

IDLE_SECONDS = 60


def main() -> None:
    responses = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that nothing that a library prints gets into the responses
    os.nice(5)  # decoding must not slow down ordinary requests
    with contextlib.suppress(ValueError, OSError):  # not every system limits memory
        resource.setrlimit(resource.RLIMIT_DATA, (limits.MAX_MEMORY_BYTES, limits.MAX_MEMORY_BYTES))
    serve(sys.stdin.buffer, responses)


def serve(uploads: BinaryIO, responses: BinaryIO) -> None:
    """Return after `IDLE_SECONDS` without an upload, or when the parent has closed the pipe."""
    with contextlib.suppress(EOFError, BrokenPipeError):
        while select.select([uploads], [], [], IDLE_SECONDS)[0]:
            handle_upload(*pipe_protocol.receive_upload(uploads), responses)


def handle_upload(upload: bytes, plan: RenditionPlan, responses: BinaryIO) -> None:
    # At the limit, SIGPROF ends the process, even inside C code.
    signal.setitimer(signal.ITIMER_PROF, limits.MAX_CPU_SECONDS)
    try:
        picture = renditions.render(upload, plan)
    except AppError as refusal:
        pipe_protocol.send_error(responses, refusal)
    else:
        pipe_protocol.send_image(responses, picture)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main()

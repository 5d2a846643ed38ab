"""Clients that only cost: `python -m bench.slow_lines PORT COUNT` keeps so many heads open that never come to an end.

Each sends a byte a second. One that is closed is opened again at once. Prints a line when all have been opened.
"""

import asyncio
import sys
from contextlib import suppress

from gateway.connections import files_allowed

HEAD = b"GET /api/v1/posts HTTP/1.1\r\nHost: a\r\nX: "
TOGETHER = 100


async def _keep_open(port: int, opening: asyncio.Semaphore) -> None:
    while True:
        with suppress(OSError):
            async with opening:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(HEAD)
            try:
                while not writer.is_closing():
                    await asyncio.sleep(1)
                    writer.write(b"a")
                    await writer.drain()
            finally:
                writer.close()


async def _run(port: int, count: int) -> None:
    opening = asyncio.Semaphore(TOGETHER)
    lines = [asyncio.create_task(_keep_open(port, opening)) for _ in range(count)]
    await asyncio.sleep(5)
    print("open", flush=True)
    await asyncio.gather(*lines)


def main() -> None:
    """Go on until killed."""
    files_allowed()
    asyncio.run(_run(int(sys.argv[1]), int(sys.argv[2])))


if __name__ == "__main__":
    main()

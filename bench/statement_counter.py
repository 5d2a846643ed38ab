"""`python -m bench.statement_counter FILE`: the standalone, with a count of its SQLite statements in FILE.

The count is 8 bytes in native order, written through shared memory, so that counting causes no wake-ups.
"""

import itertools
import mmap
import struct
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

COUNT = struct.Struct("=Q")


def counted(file: Path) -> int:
    """The number so far."""
    (number,) = COUNT.unpack(file.read_bytes())
    return int(number)


def main() -> None:
    """Run until Ctrl-C, as with the packages of `make run`: of the test tools, structlog would import rich, 5 MB."""
    sys.modules["rich"] = None  # type: ignore[assignment] # as if it were not installed
    from deploy import standalone  # noqa: PLC0415 - after that

    target = Path(sys.argv[1])
    target.write_bytes(COUNT.pack(0))
    with target.open("r+b") as file, mmap.mmap(file.fileno(), COUNT.size) as memory:
        numbers = itertools.count(1)

        def trace(connection: Any, _record: object) -> None:
            connection.set_trace_callback(lambda _: COUNT.pack_into(memory, 0, next(numbers)))

        event.listen(Engine, "connect", trace)
        standalone.main()


if __name__ == "__main__":
    main()

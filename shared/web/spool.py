"""Limits the bytes of uploads in the temporary folder."""

import shutil
import tempfile

from shared.errors import Unavailable

SHARE_OF_FREE = 0.5


class SpoolSpace:
    """Free space for uploads in bytes. For the event loop only."""

    def __init__(self, limit: int | None = None) -> None:
        """Without a limit: half of the free space."""
        self.left = int(shutil.disk_usage(tempfile.gettempdir()).free * SHARE_OF_FREE) if limit is None else limit

    def reserve(self, size: int) -> None:
        """Raises Unavailable if there is not enough space."""
        if size > self.left:
            raise spool_unavailable()
        self.left -= size

    def release(self, size: int) -> None:
        self.left += size


def spool_unavailable() -> Unavailable:
    return Unavailable("storage_unavailable", "There is no space for uploads right now.", retry_after=5)

"""How many bytes of uploads may be on disk at once: the temporary folder is bounded, and others use it too."""

import shutil
import tempfile

from shared.errors import Unavailable

SHARE_OF_FREE = 0.5


class SpoolSpace:
    """Room for uploads in the temporary folder, in bytes. Used from the event loop only."""

    def __init__(self, limit: int | None = None) -> None:
        """Without a limit: half of what is free there now."""
        self.left = int(shutil.disk_usage(tempfile.gettempdir()).free * SHARE_OF_FREE) if limit is None else limit

    def reserve(self, size: int) -> None:
        """Raises Unavailable where there is no room for so many bytes."""
        if size > self.left:
            raise spool_unavailable()
        self.left -= size

    def release(self, size: int) -> None:
        self.left += size


def spool_unavailable() -> Unavailable:
    return Unavailable("storage_unavailable", "There is no room for uploads right now.", retry_after=5)

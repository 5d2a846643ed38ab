"""Where files are stored, by the setting STORAGE_URL."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from .folder import FolderStorage
from .storage import Storage


def storage_from(url: str) -> Storage:
    """`file:///a/folder`, or `s3://bucket/prefix` with the usual AWS_* variables of the environment.

    The credentials may be in files: AWS_SECRET_ACCESS_KEY_FILE, ... Raises ValueError.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.strip("/"):
        return FolderStorage(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        from .object_storage import ObjectStorage  # noqa: PLC0415 - a library of 7 MB that a folder never needs

        return ObjectStorage.from_url(url)
    raise ValueError(f"A storage is file:///folder or s3://bucket/prefix, not {url!r}.")

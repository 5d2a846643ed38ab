"""The data folder of a standalone: its lock, its secrets, and the settings of the services that live in it."""

import fcntl
import json
import secrets
from pathlib import Path
from typing import IO, Any

from deploy.cluster import CALLS
from shared.security.derived_keys import caller_key
from shared.service_list import NAMES


class StartupError(Exception):
    """The process cannot start; the message says what to change."""


def lock(data: Path) -> IO[str]:
    """Hold the folder until the file is closed or the process ends. Raises StartupError if another process holds it."""
    holder = (data / ".lock").open("w")
    try:
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        holder.close()
        raise StartupError(
            f"another process uses {data}; stop it, or name another folder with DATA_DIR=..."
        ) from problem
    return holder


def load_secrets(data: Path) -> dict[str, str]:
    """The secret of each program, generated at its first start. Without them earlier tokens and links are invalid."""
    path = data / "secrets.json"
    try:
        found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    except ValueError as problem:
        raise StartupError(f"{path} is damaged; restore it from a backup, or remove {data}.") from problem
    missing = [name for name in (*NAMES, "gateway") if name not in found]
    if missing:
        found |= {name: secrets.token_urlsafe(32) for name in missing}
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(json.dumps(found, indent=1))
        part.replace(path)
    return found


def service_settings(name: str, data: Path, keys: dict[str, str]) -> dict[str, Any]:
    """The settings of a service that follow from the folder: where its data are, and its secrets."""
    return {
        "database_url": f"sqlite:///{data / name}.db",
        "storage_url": (data / "files" / name).as_uri(),
        "secret": keys[name],
        "callers": {caller: caller_key(keys[caller], name) for caller in CALLS.get(name, ())},
    }

"""Settings from files: `SECRET_FILE=/run/secrets/secret` is read in place of `SECRET`, and so for every setting."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic_settings import EnvSettingsSource

SUFFIX = "_FILE"
MAX_FILE_BYTES = 64 * 1024


class EnvironmentAndFiles(EnvSettingsSource):
    """Environment variables, and the contents of the files that variables with the suffix `_FILE` name."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        values = dict(super()._load_env_vars())
        for name in self.settings_cls.model_fields:
            content = content_of(name.upper())
            if content is not None:
                values[name] = content
        return values


def content_of(variable: str) -> str | None:
    """The text of the file that this variable with the suffix names, None without one. Raises ValueError."""
    path = os.environ.get(variable + SUFFIX)
    if not path:
        return None
    if os.environ.get(variable):
        raise ValueError(f"Both {variable} and {variable}{SUFFIX} are set.")
    return _content(variable + SUFFIX, Path(path))


def _content(variable: str, path: Path) -> str:
    """The text of the file without the line break at its end."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{variable}: {path} cannot be read: {error.strerror}") from error
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"{variable}: {path} has more than {MAX_FILE_BYTES} bytes.")
    try:
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{variable}: {path} is not UTF-8.") from error

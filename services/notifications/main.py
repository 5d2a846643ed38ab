"""Command line of notifications: `python -m services.notifications.main [COMMAND]`; without one it serves."""

from pathlib import Path

from shared.server.cli import commands
from shared.server.import_command import add_import

from . import models
from .app import NAME, create_app
from .settings import Settings

cli = commands(NAME, Settings, create_app, Path(__file__).parent)


add_import(cli, Settings, Path(__file__).parent, models.metadata)

if __name__ == "__main__":
    cli()

"""Command line of dm: `python -m services.dm.main [serve|migrate|replay|openapi]`."""

from pathlib import Path

from shared.server.cli import commands

from .app import NAME, create_app
from .settings import Settings

cli = commands(NAME, Settings, create_app, Path(__file__).parent)

if __name__ == "__main__":
    cli()

"""Posts as a process: `python -m services.posts.main [serve|migrate|openapi]`."""

from pathlib import Path

from shared.process import commands

from .app import NAME, create_app
from .settings import Settings

cli = commands(NAME, Settings, create_app, Path(__file__).parent)

if __name__ == "__main__":
    cli()

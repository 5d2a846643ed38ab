"""The command recount of the services that keep counters."""

from collections.abc import Callable
from typing import Any

import click
from sqlalchemy import Connection

from shared import ids
from shared.database.engine import Database
from shared.server.output import as_json_option, print_rows

Recount = Callable[[Connection, int], tuple[int | None, list[int]]]
"""Correct some rows whose ids are above an id. Returns the last of them, or None at the end, and which were wrong."""


def add_recount(
    cli: click.Group, settings_type: Callable[[], Any], recount_some: Recount, column: str, meaning: str
) -> None:
    """Add the command. It lists the ids of the corrected rows in this column; `meaning` is its help."""

    @cli.command("recount", help=f"{meaning} Safe while the service runs.")
    @as_json_option
    def recount(*, as_json: bool) -> None:
        database = Database(settings_type().database_url, pool_size=1)
        after: int | None = 0
        corrected: list[int] = []
        while after is not None:
            after, some = database.write(recount_some, after)
            corrected += some
        database.close()
        print_rows([{column: ids.encode(each)} for each in corrected], [column], as_json=as_json)

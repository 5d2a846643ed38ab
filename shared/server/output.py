"""Prints rows for operators: as a table, or as JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print a JSON array")


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Print these columns of the rows. A table has one line of names and one for each row; None is a dash."""
    if as_json:
        click.echo(json.dumps([{name: row[name] for name in columns} for row in rows], indent=1, ensure_ascii=False))
        return
    cells = [columns, *([_cell(row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[number]) for line in cells) for number in range(len(columns))]
    for line in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    return "-" if value is None else str(value)

"""A query parameter with several ids, separated by commas."""

from shared import ids
from shared.errors import Invalid

MAX_IDS = 100
PATTERN = f"^[0-7][0-9a-f]{{15}}(,[0-7][0-9a-f]{{15}}){{0,{MAX_IDS - 1}}}$"
"""The pattern in the JSON schema of such a parameter."""


def parse(name: str, text: str) -> list[int]:
    """The ids in this parameter, in the order given, each once. Raises Invalid."""
    given = text.split(",")
    if len(given) > MAX_IDS:
        raise Invalid.field(name, "too_many_ids", f"At most {MAX_IDS} ids.")
    try:
        return list(dict.fromkeys(map(ids.parse, given)))
    except ValueError as problem:
        raise Invalid.field(name, "invalid_id", "Ids, separated by commas.") from problem

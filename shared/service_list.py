"""The services of this system, from contracts/services.json: the one list to which a new service is added."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    calls: tuple[str, ...]
    """The services that it calls over HTTP."""
    reports_purge: bool
    """Whether it stores personal data: the deletion of an account is complete when all of these have reported."""


_ENTRIES = json.loads((Path(__file__).parent / "contracts" / "services.json").read_bytes())
SERVICES = tuple(Service(each["name"], tuple(each["calls"]), each["reports_purge"]) for each in _ENTRIES)
NAMES = tuple(each.name for each in SERVICES)
PURGE_REPORTERS = tuple(sorted(each.name for each in SERVICES if each.reports_purge))

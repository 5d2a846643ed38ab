"""Which bus a process uses: BROKER_URL decides."""

import typer

from shared.events.bus import Bus
from shared.events.in_process import InProcessBus


def bus_for(url: str) -> Bus:
    """The bus at this address. Not yet started."""
    if url.startswith("memory://"):
        return InProcessBus()
    raise typer.BadParameter(f"BROKER_URL {url.partition(':')[0]}:// is not supported; use memory://")

"""Writes the descriptions of the interface from the code, or with --check tells which are stale.

These are services/<name>/openapi.json, each service's own; gateway/docs/openapi.json, the whole interface as clients
see it; and gateway/docs/asyncapi.json, what is pushed over the WebSocket. The gateway serves the last two as they are:
they belong to its table of routes, whatever versions of the services are behind it.
"""

import importlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gateway.routes import Router
from shared.events.in_memory import InMemoryBus
from shared.server.cli import openapi_json
from shared.service_list import NAMES
from tools.description.asyncapi import asyncapi
from tools.description.codes import documented
from tools.description.merge import merged

ROOT = Path(__file__).parents[1]


def document(name: str) -> str:
    """The document of a service, from its code."""
    app = importlib.import_module(f"services.{name}.app")
    settings = importlib.import_module(f"services.{name}.settings")
    with tempfile.TemporaryDirectory() as folder:
        nowhere = {"database_url": f"sqlite:///{folder}/none.db", "storage_url": Path(folder).as_uri()}
        return openapi_json(app.create_app(settings.Settings(**nowhere), InMemoryBus()))


def documents() -> Iterator[tuple[Path, str]]:
    """All files with their content."""
    own = {name: document(name) for name in NAMES}
    for name, text in own.items():
        yield ROOT / "services" / name / "openapi.json", text
    whole = merged({name: json.loads(text) for name, text in own.items()}, Router(), documented())
    yield ROOT / "gateway" / "docs" / "openapi.json", _text(whole)
    yield ROOT / "gateway" / "docs" / "asyncapi.json", _text(asyncapi())


def _text(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write all, or check all."""
    stale = []
    for path, text in documents():
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(str(path.relative_to(ROOT)))
    if stale:
        sys.exit(f"Stale, run `make openapi`: {', '.join(stale)}")


if __name__ == "__main__":
    main()

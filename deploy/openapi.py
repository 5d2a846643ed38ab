"""Writes each service's openapi.json from its code, or with --check tells which are stale."""

import importlib
import sys
import tempfile
from pathlib import Path

from shared.events.in_process import InProcessBus
from shared.process import described

ROOT = Path(__file__).parents[1]
NAMES = ("auth", "social", "posts", "dm")


def document(name: str) -> str:
    """The document as the code has it now."""
    app = importlib.import_module(f"services.{name}.app")
    settings = importlib.import_module(f"services.{name}.settings")
    with tempfile.TemporaryDirectory() as folder:
        nowhere = {"database_url": f"sqlite:///{folder}/none.db", "storage_url": Path(folder).as_uri()}
        return described(app.create_app(settings.Settings(**nowhere), InProcessBus()))


def main() -> None:
    """Write all, or check all."""
    stale = []
    for name in NAMES:
        path = ROOT / "services" / name / "openapi.json"
        if "--check" not in sys.argv:
            path.write_text(document(name))
        elif not path.exists() or path.read_text() != document(name):
            stale.append(str(path.relative_to(ROOT)))
    if stale:
        sys.exit(f"Stale, run `make openapi`: {', '.join(stale)}")


if __name__ == "__main__":
    main()

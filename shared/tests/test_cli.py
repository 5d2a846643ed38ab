"""The commands of a service as a process: migrate, serve, replay, openapi."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import uvicorn
from click.testing import CliRunner
from sqlalchemy import inspect

from shared import metrics
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.events.in_memory import InMemoryBus
from shared.server.cli import commands, openapi_json
from shared.server.config import Server
from shared.server.http_protocol import HardenedHttpProtocol
from shared.settings import Settings
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.sample_service import service

from .test_migrations import ENV, add_step


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A service with one migration."""
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "migrations" / "env.py").write_text(ENV)
    add_step(tmp_path / "migrations", "0001", None, "notes")
    return tmp_path


@pytest.fixture
def cli(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[click.Group]:
    """The commands of a service."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{folder / 'new.db'}")
    opened: list[Database] = []

    def create_app(_: Settings, bus: Bus) -> Any:
        assert isinstance(bus, InMemoryBus)
        app = service(Path(tempfile.mkdtemp(dir=folder)))
        opened.append(app.state.database)
        return app

    yield commands("things", lambda: Settings.model_validate({}), create_app, folder)
    for database in opened:
        database.close()


def run(cli: click.Group, *arguments: str) -> str:
    result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_migrate_creates_the_tables_and_can_be_repeated(cli: click.Group, folder: Path) -> None:
    run(cli, "migrate")
    run(cli, "migrate")
    database = Database(f"sqlite:///{folder / 'new.db'}")
    assert "notes" in database.read(lambda connection: inspect(connection).get_table_names())
    database.close()


@pytest.mark.parametrize("arguments", [[], ["serve"]])
def test_serve_is_the_default_command(cli: click.Group, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    served: list[uvicorn.Config] = []
    monkeypatch.setattr(Server, "run", lambda server: served.append(server.config))
    monkeypatch.setattr("shared.logs.configure", lambda *_: None)
    monkeypatch.setenv("PORT", "8199")
    run(cli, *arguments)
    (config,) = served
    assert (config.host, config.port, config.http) == ("127.0.0.1", 8199, HardenedHttpProtocol)
    assert config.server_header is False and config.proxy_headers is False


def test_openapi_command_is_deterministic(cli: click.Group, folder: Path) -> None:
    target = folder / "openapi.json"
    run(cli, "openapi", str(target))
    first = target.read_text(encoding="utf-8")
    run(cli, "openapi", str(target))
    assert target.read_text(encoding="utf-8") == first
    document = json.loads(first)
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/things" in document["paths"]
    assert not [path for path in document["paths"] if "internal" in path or path.startswith("/healthz")]


def test_openapi_output_is_utf_8_with_a_final_newline(folder: Path) -> None:
    app = service(folder)
    app.title = "Å"
    text = openapi_json(app)
    app.state.database.close()
    assert text.endswith("}\n") and "Å" in text


def test_each_command_has_a_help_text(cli: click.Group) -> None:
    shown = run(cli, "--help")
    assert all(word in shown for word in ("serve", "migrate", "openapi"))


def test_metrics_are_served_on_a_separate_port_when_set(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[int, str]] = []
    monkeypatch.setattr(metrics, "start_http_server", lambda port, addr: served.append((port, addr)))
    metrics.serve("127.0.0.1", None)
    metrics.serve("127.0.0.1", 9101)
    assert served == [(9101, "127.0.0.1")]


def test_objects_created_before_serving_are_frozen_for_the_garbage_collector() -> None:
    asked = "import gc; from shared.server.config import freeze_gc; freeze_gc(); print(gc.get_freeze_count())"
    told = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, timeout=WAIT_SECONDS, check=True
    )
    assert int(told.stdout) > 10_000

"""Auth as a process: its own command tells an operator who has withdrawn and which service is not done yet."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from services.auth.actions import withdrawals
from services.auth.main import cli
from services.auth.models import PURGING
from services.auth.settings import Settings
from shared import ids
from shared.database import Database

from .world import register


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Runs a command on the test's database; the lines it writes."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)

    def command(*words: str) -> list[str]:
        result = CliRunner().invoke(cli, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output.splitlines()

    return command


def test_it_tells_of_each_withdrawal_what_is_done_where(database: Database, run: Callable[..., list[str]]) -> None:
    done, open_ = (register(database, nickname) for nickname in ("done", "open"))
    for account in (done, open_):
        database.write(withdrawals.withdraw, account)
    for service in PURGING:
        database.write(withdrawals.note_purge, done.id, service)
    database.write(withdrawals.note_purge, open_.id, "dm")
    newest, oldest = run("withdrawals")
    assert newest.startswith(ids.text(open_.id)) and newest.count("not yet") == 2
    assert oldest.startswith(ids.text(done.id)) and "not yet" not in oldest
    assert run("withdrawals", "--open") == [newest]
    assert run("withdrawals", "--limit", "1") == [newest]


def test_where_nobody_has_withdrawn_there_is_nothing_to_tell(run: Callable[..., list[str]]) -> None:
    assert run("withdrawals") == []

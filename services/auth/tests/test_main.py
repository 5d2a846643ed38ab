"""Auth as a process: its own command tells an operator who has withdrawn and which service is not done yet."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner

from services.auth import models
from services.auth.actions import keys, withdrawals
from services.auth.main import cli
from services.auth.settings import Settings
from services.auth.tokens import SIGNING_KEYS, KeyCipher
from shared import clock, ids
from shared.database.engine import Database
from shared.service_list import PURGE_REPORTERS

from .factories import register, rows


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
    for service in PURGE_REPORTERS:
        database.write(withdrawals.note_purge, done.id, service)
    database.write(withdrawals.note_purge, open_.id, "dm")
    newest, oldest = run("withdrawals")
    assert newest.startswith(ids.encode(open_.id)) and newest.count("not yet") == 2
    assert oldest.startswith(ids.encode(done.id)) and "not yet" not in oldest
    assert run("withdrawals", "--open") == [newest]
    assert run("withdrawals", "--limit", "1") == [newest]


def test_it_rotates_keys_and_says_from_when_the_new_one_signs(
    settings: Settings, database: Database, run: Callable[..., list[str]]
) -> None:
    (old,) = database.write(keys.have_keys, KeyCipher(settings.key(SIGNING_KEYS)))
    (told,) = run("rotate-keys")
    (again,) = run("rotate-keys")
    assert told.replace("is published", "is already published") == again
    have = database.write(keys.have_keys, KeyCipher(settings.key(SIGNING_KEYS)))
    assert [each.kid for each in have] == [old.kid, told.split()[1]]
    assert told.endswith(clock.format_rfc3339(have[1].signs_from))


def test_with_another_secret_it_rotates_nothing_and_says_why(
    settings: Settings, database: Database, run: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    database.write(keys.have_keys, KeyCipher(settings.key(SIGNING_KEYS)))
    monkeypatch.setenv("SECRET", "the secret of something else, long enough")
    result = CliRunner().invoke(cli, ["rotate-keys"])
    assert (result.exit_code, str(result.exception)) == (1, "SECRET opens none of the keys that are there.")
    assert len(rows(database, models.signing_keys)) == 1


def test_where_nobody_has_withdrawn_there_is_nothing_to_tell(run: Callable[..., list[str]]) -> None:
    assert run("withdrawals") == []

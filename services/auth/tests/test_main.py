"""The commands of auth for operators."""

import json
from collections.abc import Callable

import pyotp
import pytest
from click.testing import CliRunner

from services.auth import models
from services.auth.actions import accounts, exports, keys, second_factor, withdrawals
from services.auth.actions.audit_log import Origin
from services.auth.main import cli
from services.auth.second_factor_codes import SecondFactorCodes
from services.auth.settings import Settings
from services.auth.tokens import SIGNING_KEYS, KeyCipher
from shared import clock, ids
from shared.database.engine import Database
from shared.files import garbage
from shared.files.storage_url import storage_from
from shared.service_list import PURGE_REPORTERS
from shared.testing.ports import closed_port

from .factories import IP, KEY, NOWHERE, applicant, facts, open_login, register, rows


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Runs a command on the test's database. Returns the lines that it prints."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("STORAGE_URL", settings.storage_url)

    def command(*words: str, status: int = 0) -> list[str]:
        result = CliRunner().invoke(cli, words, catch_exceptions=False)
        assert result.exit_code == status, result.output
        return result.output.splitlines()

    return command


def test_withdrawals_command_lists_the_state_of_each_service(database: Database, run: Callable[..., list[str]]) -> None:
    done, open_ = (register(database, nickname) for nickname in ("done", "open"))
    for account in (done, open_):
        database.write(withdrawals.withdraw, account)
    for service in PURGE_REPORTERS:
        database.write(withdrawals.record_purge, done.id, service)
    database.write(withdrawals.record_purge, open_.id, "dm")
    head, newest, oldest = run("withdrawals")
    assert head.split() == ["user_id", "withdrawn_at", *PURGE_REPORTERS]
    assert newest.startswith(ids.encode(open_.id)) and newest.split().count("-") == len(PURGE_REPORTERS) - 1
    assert oldest.startswith(ids.encode(done.id)) and "-" not in oldest.split()
    assert [line.split()[0] for line in run("withdrawals", "--open")[1:]] == [ids.encode(open_.id)]
    assert len(run("withdrawals", "--limit", "1")) == 2
    (unfinished,) = json.loads("".join(run("withdrawals", "--open", "--json")))
    assert unfinished["user_id"] == ids.encode(open_.id) and unfinished["posts"] is None


def test_it_lists_an_account_by_id_or_nickname_and_ends_its_sessions(
    database: Database, run: Callable[..., list[str]]
) -> None:
    ada = register(database, "ada")
    open_login(database, ada, "Ada's phone")
    (by_name,) = json.loads("".join(run("accounts", "ada", "--json")))
    (by_id,) = json.loads("".join(run("accounts", ids.encode(ada.id), "--json")))
    assert by_name == by_id and by_name["id"] == ids.encode(ada.id)
    assert run("accounts", "nobody")[1:] == []
    assert "Ada's phone" in run("sessions", "ada", "--end")[1]
    assert run("sessions", "ada")[1:] == []
    assert "session.revoked.v1" in [name for name, _ in facts(database)]


def test_operator_removes_a_second_factor(database: Database, run: Callable[..., list[str]]) -> None:
    ada, codes = register(database, "ada"), SecondFactorCodes(KEY)
    origin = Origin(IP, open_login(database, ada).session_id)
    code = pyotp.TOTP(database.write(second_factor.begin, ada, codes)).now()
    database.write(second_factor.confirm, ada.id, code, codes, origin)
    assert run("remove-second-factor", "ada") == ["It is removed, and the account's audit log says so."]
    assert run("remove-second-factor", ids.encode(ada.id)) == ["It has none."]
    assert rows(database, models.totp_secrets) == rows(database, models.recovery_codes) == []
    assert rows(database, models.accounts)[0].second_factor is False
    assert [row.type for row in rows(database, models.trail)][-2:] == ["second_factor_added", "second_factor_removed"]
    assert CliRunner().invoke(cli, ["remove-second-factor", "nobody"]).output == "There is no such account.\n"


def test_it_lists_files_that_nothing_uses_and_files_that_are_missing(
    settings: Settings, database: Database, run: Callable[..., list[str]]
) -> None:
    storage = storage_from(settings.storage_url)
    ada = register(database, "ada")
    database.write(accounts.set_avatar, ada.id, "missing.jpg", NOWHERE)
    for name in ("unused.jpg", "scheduled.jpg", "withdrawals/0000000000000001"):
        storage.put(name, b"file", "image/jpeg")
    scheduled = ["scheduled.jpg", "not-stored-yet.jpg"]
    database.write(garbage.schedule_deletion, models.disposal, scheduled, due_at=clock.now() + clock.HOUR)
    found = json.loads("".join(run("check-media", "--json", status=1)))
    assert found == [{"file": "unused.jpg", "state": "unused"}, {"file": "missing.jpg", "state": "missing"}]
    repaired = json.loads("".join(run("check-media", "--repair", "--json", status=1)))
    assert [each["state"] for each in repaired] == ["deleted within a minute", "lost"]
    assert "unused.jpg" in [row.name for row in rows(database, models.disposal)]
    (account,) = rows(database, models.accounts)
    assert (account.avatar, account.version) == (None, 3)
    assert rows(database, models.trail)[-1].type == "profile_changed"
    run("check-media")


def test_nothing_is_repaired_if_nothing_is_stored(database: Database, run: Callable[..., list[str]]) -> None:
    """The storage may be another one than that of the database."""
    ada = register(database, "ada")
    database.write(accounts.set_avatar, ada.id, "missing.jpg", NOWHERE)
    (told,) = run("check-media", "--repair", status=1)
    assert "STORAGE_URL" in told
    assert rows(database, models.accounts)[0].avatar == "missing.jpg"


def test_rotate_command_prints_when_the_new_key_signs(
    settings: Settings, database: Database, run: Callable[..., list[str]]
) -> None:
    (old,) = database.write(keys.load_or_create_keys, KeyCipher(settings.key(SIGNING_KEYS)))
    (told,) = run("rotate-keys")
    (again,) = run("rotate-keys")
    assert told.replace("is published", "is already published") == again
    have = database.write(keys.load_or_create_keys, KeyCipher(settings.key(SIGNING_KEYS)))
    assert [each.kid for each in have] == [old.kid, told.split()[1]]
    assert told.endswith(clock.format_rfc3339(have[1].signs_from))


def test_rotate_command_with_another_secret_prints_an_error(
    settings: Settings, database: Database, run: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    database.write(keys.load_or_create_keys, KeyCipher(settings.key(SIGNING_KEYS)))
    monkeypatch.setenv("SECRET", "the secret of something else, long enough")
    result = CliRunner().invoke(cli, ["rotate-keys"])
    assert (result.exit_code, str(result.exception)) == (1, "SECRET decrypts none of the existing keys.")
    assert len(rows(database, models.signing_keys)) == 1


def test_withdrawals_command_prints_no_row_without_withdrawals(run: Callable[..., list[str]]) -> None:
    assert run("withdrawals")[1:] == []


def test_it_finds_an_account_by_id_nickname_email_and_phone(
    settings: Settings, database: Database, run: Callable[..., list[str]]
) -> None:
    candidate = applicant(phone="+821012345678")
    ada = database.write(accounts.sign_up, candidate, settings.key("handles"), IP)
    for who in (ids.encode(ada.id), "ADA", " ada@Example.org", "010-1234-5678"):
        assert [each["id"] for each in json.loads("".join(run("accounts", who, "--json")))] == [ids.encode(ada.id)], who
    for who in ("nobody", "nobody@example.org", "010-1234-5679", "?"):
        assert json.loads("".join(run("accounts", who, "--json"))) == []


def test_operator_suspends_lists_and_reinstates_an_account(database: Database, run: Callable[..., list[str]]) -> None:
    ada = register(database, "ada")
    open_login(database, ada)
    about = {"user_id": ids.encode(ada.id), "suspended": True, "changed": True}
    assert json.loads("".join(run("suspend", "ada", "--json"))) == [about]
    assert run("suspend", "ada") == ["It was suspended before."]
    (listed,) = json.loads("".join(run("suspensions", "--json")))
    (account,) = json.loads("".join(run("accounts", "ada", "--json")))
    assert listed["user_id"] == account["id"] and listed["suspended_at"] == account["suspended_at"] is not None
    assert run("sessions", "ada")[1:] == []
    assert run("reinstate", "ada") == ["It is reinstated, and shown within two seconds."]
    assert json.loads("".join(run("reinstate", "ada", "--json"))) == [about | {"suspended": False, "changed": False}]
    assert run("suspensions")[1:] == []
    for command in ("suspend", "reinstate", "export", "send-reset"):
        assert run(command, "nobody", status=1) == ["There is no such account."]


def test_unavailable_broker_is_reported_to_the_operator(
    database: Database, run: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    register(database, "ada")
    with closed_port() as port:
        monkeypatch.setenv("BROKER_URL", f"amqp://127.0.0.1:{port}/")
        lines = run("suspend", "ada")
    assert "The broker cannot be reached: the other services learn of this when it is back." in lines
    assert "It is suspended, and hidden within two seconds." in lines


def test_operator_exports_and_deletes_a_suspended_account(database: Database, run: Callable[..., list[str]]) -> None:
    ada = register(database, "ada")
    run("suspend", "ada")
    (begun,) = json.loads("".join(run("export", "ada", "--json")))
    assert begun == {"user_id": ids.encode(ada.id), "state": "collecting", "url": None, "expires_at": None}
    held = database.write(exports.claim)
    assert held is not None
    database.write(exports.finish, held)
    (ready,) = json.loads("".join(run("export", "ada", "--json")))
    assert ready["state"] == "ready" and ready["url"].startswith("/api/v1/exports/")
    assert run("export", "ada")[0].startswith("The archive is at /api/v1/exports/")
    assert [row.type for row in rows(database, models.trail)] == ["signed_up", "suspended", "export_requested"]
    assert run("delete-account", "ada", status=1) == ["Nobody can undo this. Add --yes to do it."]
    assert json.loads("".join(run("delete-account", "ada", "--yes", "--json"))) == [
        {"user_id": ids.encode(ada.id), "deleted": True}
    ]
    assert rows(database, models.accounts) == rows(database, models.exports) == []


def test_operator_sends_a_reset_and_ends_sessions(database: Database, run: Callable[..., list[str]]) -> None:
    ada = register(database, "ada")
    open_login(database, ada)
    assert json.loads("".join(run("send-reset", "ada", "--json"))) == [{"user_id": ids.encode(ada.id), "sent": True}]
    assert [row.template for row in rows(database, models.mails)][-1] == "password_reset_link"
    run("sessions", "ada", "--end")
    run("sessions", "ada", "--end")
    assert [row.type for row in rows(database, models.trail)] == ["signed_up", "login", "sessions_ended"]

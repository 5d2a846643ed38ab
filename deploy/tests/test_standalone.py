"""Start and stop of the standalone: prints its URL when ready, ends cleanly, and explains failures in one sentence."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest

from deploy import standalone as standalone_module
from deploy.data_folder import load_secrets
from deploy.tests.journeys.person import API, Person
from deploy.tests.journeys.responses import answer, ids
from deploy.tests.standalone_process import REPOSITORY, Standalone
from shared.testing import eventually
from shared.testing.ports import free_port
from shared.testing.waiting import WAIT_SECONDS


@pytest.fixture
def standalone(tmp_path: Path) -> Iterator[Standalone]:
    """Not started yet."""
    prepared = Standalone(tmp_path / "data")
    yield prepared
    prepared.kill()


def plain(text: str) -> str:
    """The output without colours and line breaks, because long paths are wrapped."""
    return re.sub(r"\x1b\[[0-9;]*m|\s", "", text)


def test_url_is_printed_only_when_ready(standalone: Standalone) -> None:
    standalone.launch()
    eventually(lambda: has_announced(standalone))
    ready = httpx.get(f"{standalone.base_url}/readyz", timeout=WAIT_SECONDS)
    assert ready.status_code == 200, "it had said that it was ready"
    printed = plain(standalone.printed())
    assert f":{standalone.port}/docs" in printed
    assert str(standalone.data_dir) in printed
    assert standalone.end(signal.SIGINT) == 0
    assert "Traceback" not in standalone.printed()


def test_libraries_that_an_idle_process_does_not_need_are_not_imported(tmp_path: Path) -> None:
    unused = {"certifi", "httpcore", "httpx", "joserfc", "obstore", "phonenumbers", "pymysql", "redis", "webauthn"}
    program = f"""
import os, signal, sys
from deploy import standalone

async def report(address):
    await ready(address)
    print({unused!r} & sys.modules.keys())
    os.kill(os.getpid(), signal.SIGINT)

ready, standalone._ready = standalone._ready, report
standalone.main()
"""
    environment = {**os.environ, "PORT": str(free_port()), "DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("set()\n"), done.stdout


def has_announced(standalone: Standalone) -> bool:
    """Whether it has printed its URL. Raises if the process has exited."""
    if standalone.running().poll() is not None:
        pytest.fail(f"it ended:\n{standalone.printed()[-4000:]}")
    return f":{standalone.port}" in plain(standalone.printed())


def test_data_files_become_private_and_the_folder_mode_is_unchanged(tmp_path: Path) -> None:
    (tmp_path / "files" / "posts").mkdir(parents=True)
    for name in ("auth.db", "auth.db-wal", "somebody.txt"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    (tmp_path / "files").chmod(0o755)
    tmp_path.chmod(0o755)
    standalone_module._data_folder(tmp_path)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path, *tmp_path.iterdir())}
    assert modes == {
        tmp_path.name: 0o755, "files": 0o700, "auth.db": 0o600, "auth.db-wal": 0o600, "somebody.txt": 0o644,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("address", "unlimited", "warns"),
    [("192.0.2.7", True, True), ("::", True, True), ("192.0.2.7", False, False), ("127.0.0.1", True, False)],
)
def test_warning_when_others_can_connect_and_rate_limits_are_off(address: str, unlimited: bool, warns: bool) -> None:
    warning = standalone_module._warning(ip_address(address), unlimited=unlimited)
    assert (address in warning and "ENVIRONMENT=production" in warning) is warns
    assert bool(warning) is warns


def test_warning_when_listening_on_all_addresses_without_rate_limits(standalone: Standalone) -> None:
    standalone.settings = {"HOST": "0.0.0.0"}  # noqa: S104 - that is what is to be told
    standalone.launch()
    eventually(lambda: has_announced(standalone))
    assert standalone.end() == 0
    assert "requestsarenotlimited" in plain(standalone.printed())


def test_stops_cleanly_and_keeps_data_for_the_next_start(standalone: Standalone) -> None:
    standalone.start()
    with httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as web:
        jo, friend = Person.newcomer(web), Person.newcomer(web)
        post = jo.posted("kept")
        answer(friend.follow(jo.id))
        answer(friend.like(post["id"]))
        room = answer(jo.open_room(friend.id), 201)["id"]
        message = answer(jo.say(room, "kept"), 201)
        photo = web.get(post["media"][0]["url"]).content
    assert standalone.end(signal.SIGTERM) == 0
    assert "Traceback" not in standalone.printed()
    kept = [standalone.data_dir, *standalone.data_dir.rglob("*")]
    assert {path.suffix for path in kept} >= {".db", ".json", ".jpg"}
    assert [str(path) for path in kept if path.stat().st_mode & 0o077] == [], "nobody else can read it"
    standalone.start()
    with httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as web:
        jo.web = friend.web = web
        assert answer(jo.account())["id"] == jo.id, "the keys of tokens are kept too"
        answer(jo.refresh())
        assert answer(web.get(f"{API}/posts/{post['id']}"))["like_count"] == 1
        assert web.get(post["media"][0]["url"]).content == photo
        assert ids(web.get(f"{API}/users/{jo.id}/followers")) == [friend.id]
        assert ids(friend.send("GET", f"/rooms/{room}/messages")) == [message["id"]]
        answer(jo.log_in())
    assert standalone.end(signal.SIGINT) == 0


def test_program_that_an_older_data_folder_has_no_secret_for_gets_one(tmp_path: Path) -> None:
    before = load_secrets(tmp_path)
    known = {name: secret for name, secret in before.items() if name != "notifications"}
    (tmp_path / "secrets.json").write_text(json.dumps(known))
    after = load_secrets(tmp_path)
    assert {name: after[name] for name in known} == known and after["notifications"] != before["notifications"]
    assert load_secrets(tmp_path) == after and (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_stops_during_start(standalone: Standalone) -> None:
    standalone.launch()
    eventually(standalone.data_dir.exists)
    standalone.end(signal.SIGINT)
    assert "Traceback" not in standalone.printed()


def refused_start(standalone: Standalone) -> str:
    """The error message of a start that cannot succeed."""
    standalone.launch()
    code = standalone.running().wait(timeout=WAIT_SECONDS)
    said = standalone.printed().strip()
    assert code not in (0, None), f"it ended with {code}: {said}"
    assert "Traceback" not in said
    assert said.endswith(".") and not re.search(r"[.!]\s+[A-Z]", said), f"not one sentence: {said}"
    return plain(said)


def test_busy_port_is_reported_in_one_sentence(standalone: Standalone) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", standalone.port))
        other.listen()
        said = refused_start(standalone)
    assert str(standalone.port) in said and "PORT" in said, "the port, and how to choose another"


def test_read_only_data_folder_is_reported_in_one_sentence(standalone: Standalone, tmp_path: Path) -> None:
    """Nobody can create a folder below a regular file, not even root."""
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "data"
    standalone.settings = {"DATA_DIR": str(folder)}
    said = refused_start(standalone)
    assert str(folder) in said and "DATA_DIR" in said, "the folder, and how to choose another"
    assert (tmp_path / "file").read_text() == "in the way"

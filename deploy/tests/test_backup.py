"""A backup is taken while people use the system; whoever withdrew since is deleted again after a restore."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy import commands
from deploy.backup.__main__ import back_up, restore
from deploy.backup.archive import Archive
from deploy.backup.standalone import StandaloneSystem
from deploy.data_folder import StartupError
from deploy.tests import preloaded_python
from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer, ids
from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone, Standalone
from shared import ids as encoded_ids
from shared.service_list import NAMES
from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS

OWNED = {
    "auth": ("accounts.id", "sessions.account_id", "search_prefixes.account_id"),
    "social": ("follows.follower_id", "follows.followee_id"),
    "posts": ("posts.author_id", "media.owner_id", "likes.person_id", "comments.author_id", "follows.follower_id"),
    "dm": ("media.uploader_id",),
    "notifications": ("causes.recipient_id", "causes.actor_id", "notifications.recipient_id"),
}
"""Columns in which the id of a deleted account must not be."""


@dataclass
class Story:
    """What happened: Ada withdrew, and Bob changed much, after the backup."""

    data: Path
    archive: Path
    ada: Person
    bob: Person
    cleo: Person
    photo: str
    ada_post: str
    cleo_post: str
    room: str


def done(response: httpx.Response) -> None:
    assert response.is_success, response.text


@pytest.fixture(autouse=True)
def _forked_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """A restore runs two commands of each service; test_move.py runs commands in interpreters of their own."""
    monkeypatch.setattr(commands, "run_python", preloaded_python.run_checked)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("backup")
    data = folder / "data"
    with (
        ForkedStandalone(data, settings=CHEAP_HASHES).served() as standalone,
        httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as web,
    ):
        ada, bob, cleo = (Person.newcomer(web) for _ in range(3))
        ada_post, cleo_post = ada.posted("by Ada"), cleo.posted("by Cleo")
        done(bob.like(ada_post["id"]))
        answer(ada.comment(cleo_post["id"], "hello"), 201)
        done(bob.follow(ada.id))
        room = answer(ada.open_room(bob.id), 201)["id"]
        answer(ada.say(room, "to stay"), 201)
        archive = back_up(StandaloneSystem(data), folder / "backups")
        done(bob.follow(cleo.id))
        done(bob.change(name="Bob Renamed"))
        done(ada.withdraw())
        eventually((data / "files" / "auth" / "withdrawals" / ada.id).exists)
        eventually(lambda: web.get(f"/api/v1/posts/{ada_post['id']}").status_code == 404)
        eventually(lambda: cleo_post["id"] in ids(bob.send("GET", "/feed")))
    (data / "files" / "dm").mkdir(parents=True, exist_ok=True)
    photo = ada_post["media"][0]["url"].rpartition("/")[2]
    return Story(data, archive, ada, bob, cleo, photo, ada_post["id"], cleo_post["id"], room)


def restored(story: Story, folder: Path, services: tuple[str, ...]) -> Standalone:
    """A copy of the data as they were at the end, with these services restored."""
    shutil.copytree(story.data, folder / "data")
    restore(StandaloneSystem(folder / "data"), story.archive, services)
    return ForkedStandalone(folder / "data", settings=CHEAP_HASHES)


@pytest.mark.parametrize("services", [NAMES, ("auth",), ("social",), ("posts", "dm")], ids="-".join)
def test_who_withdrew_since_is_deleted_again_and_the_services_agree(
    story: Story, tmp_path: Path, services: tuple[str, ...]
) -> None:
    with (
        restored(story, tmp_path, services).served() as standalone,
        httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as web,
    ):
        _ada_is_gone(story, web, standalone.data_dir)
        bob = Person(web, story.bob.email, story.bob.nickname, password=story.bob.password, id=story.bob.id)
        answer(bob.log_in(), 200)
        _posts_shows_the_name_that_auth_has(bob, story)
        _feed_and_follows_agree(bob, story, followed=not {"social"} & set(services))
        messages = answer(bob.send("GET", f"/rooms/{story.room}/messages"))["items"]
        assert [each["text"] for each in messages] == ["to stay"]
        assert messages[0]["sender"]["deleted"]
        if "auth" in services:
            answer(web.post("/api/v1/auth/refresh", json={"refresh_token": story.bob.refresh_token}), 401)


def _ada_is_gone(story: Story, web: httpx.Client, data: Path) -> None:
    login = {"identifier": story.ada.nickname, "password": story.ada.password}
    assert web.post("/api/v1/auth/login", json=login).status_code == 401
    assert web.get(f"/api/v1/users/{story.ada.id}").status_code == 404
    eventually(lambda: web.get(f"/api/v1/posts/{story.ada_post}").status_code == 404)
    eventually(lambda: _left(story, data) == [])
    eventually(lambda: not list((data / "files" / "posts").rglob(f"*{story.photo}*")))


def _left(story: Story, data: Path) -> list[str]:
    """The columns in which Ada's id is left."""
    ada = encoded_ids.parse(story.ada.id)
    found = []
    for service, columns in OWNED.items():
        with closing(sqlite3.connect(data / f"{service}.db")) as database:
            for table, column in (each.split(".") for each in columns):
                if database.execute(f"SELECT 1 FROM {table} WHERE {column} = ?", (ada,)).fetchone():  # noqa: S608 - names of ours
                    found.append(f"{service}.{table}.{column}")
    return found


def _posts_shows_the_name_that_auth_has(bob: Person, story: Story) -> None:
    name = answer(bob.account())["name"]

    def shown() -> str:
        name: str = answer(bob.comment(story.cleo_post, "named"), 201)["author"]["name"]
        return name

    eventually(lambda: shown() == name)


def _feed_and_follows_agree(bob: Person, story: Story, *, followed: bool) -> None:
    counts = answer(bob.web.get(f"/api/v1/users/{bob.id}/counts"))
    assert counts["following_count"] == int(followed)
    eventually(lambda: (story.cleo_post in ids(bob.send("GET", "/feed"))) is followed)
    done(bob.follow(story.cleo.id))
    eventually(lambda: story.cleo_post in ids(bob.send("GET", "/feed")))


def test_a_second_backup_links_the_files_of_the_first(story: Story, tmp_path: Path) -> None:
    system = StandaloneSystem(story.data)
    first = back_up(system, tmp_path)
    second = _with_another_name(first)
    third = back_up(system, tmp_path)
    files = [path for path in third.joinpath("files").rglob("*") if path.is_file()]
    assert files and all(path.stat().st_nlink == 2 for path in files)
    assert second.exists()


def _with_another_name(archive: Path) -> Path:
    """Names have the second in which a backup was begun."""
    return archive.rename(archive.with_name("2026-01-01T00-00-00Z"))


def test_a_damaged_backup_is_refused_and_changes_nothing(story: Story, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(story.archive, tmp_path / "copy"))
    (copy / "auth.db").write_bytes((copy / "auth.db").read_bytes()[:-1])
    with pytest.raises(StartupError, match=r"damaged: auth\.db"):
        restore(StandaloneSystem(tmp_path / "data"), copy, NAMES)
    assert not (tmp_path / "data").exists()


def test_an_unfinished_backup_is_none(story: Story, tmp_path: Path) -> None:
    Archive.begin(tmp_path, 0)
    assert Archive.newest(tmp_path) is None


def test_nothing_is_restored_while_the_server_runs(story: Story, tmp_path: Path) -> None:
    standalone = ForkedStandalone(Path(shutil.copytree(story.data, tmp_path / "data")), settings=CHEAP_HASHES)
    with standalone.served(), pytest.raises(StartupError, match="another process uses"):
        restore(StandaloneSystem(standalone.data_dir), story.archive, NAMES)


def test_data_of_other_secrets_are_not_mixed(story: Story, tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{}")
    with pytest.raises(StartupError, match="differs from that of the backup"):
        restore(StandaloneSystem(tmp_path), story.archive, NAMES)


def test_the_command_says_in_one_sentence_what_is_wrong(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.backup", "backup", "--to", str(tmp_path / "backups")]
    done = subprocess.run(
        command, env={"DATA_DIR": str(tmp_path)}, capture_output=True, text=True, check=False, timeout=WAIT_SECONDS
    )
    assert done.returncode == 1 and "there are no data in" in done.stderr and "Traceback" not in done.stderr
    assert not list((tmp_path / "backups").iterdir())

"""The operator's commands on the data of a standalone that serves: each works, and prints JSON if it is asked to."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy import commands
from deploy.tests import preloaded_python
from deploy.tests.journeys.person import Person
from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone
from shared.testing.waiting import WAIT_SECONDS


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Person]]:
    """A data folder that is in use, and somebody with a post."""
    folder = tmp_path_factory.mktemp("admin") / "data"
    with (
        ForkedStandalone(folder, settings=CHEAP_HASHES).served() as standalone,
        httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as web,
    ):
        person = Person.newcomer(web)
        person.posted("to be counted")
        yield folder, person


def admin(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return preloaded_python.run(["deploy.admin", *arguments], {"DATA_DIR": str(folder)})


def listed(folder: Path, *arguments: str) -> Any:
    done = admin(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_accounts_and_sessions(data: tuple[Path, Person]) -> None:
    folder, person = data
    (account,) = listed(folder, "auth", "accounts", person.nickname)
    assert account["id"] == person.id and account["email"] == person.email
    assert len(listed(folder, "auth", "sessions", person.id)) == 1
    assert person.nickname in admin(folder, "auth", "accounts", person.id).stdout.splitlines()[1]


@pytest.mark.parametrize(
    "command",
    [
        ("auth", "withdrawals"), ("auth", "check-media"), ("auth", "dead-letters"),
        ("social", "recount"), ("social", "dead-letters"),
        ("posts", "recount"), ("posts", "check-media"), ("posts", "dead-letters"),
        ("dm", "check-media"), ("dm", "dead-letters"),
    ],
    ids="-".join,
)  # fmt: skip
def test_each_list_is_empty_where_all_is_well(data: tuple[Path, Person], command: tuple[str, str]) -> None:
    assert listed(data[0], *command) == []


def test_a_feed_is_rebuilt(data: tuple[Path, Person]) -> None:
    done = admin(data[0], "posts", "rebuild-feed", "--user", data[1].id)
    assert done.returncode == 0 and "timelines written" in done.stdout


def test_a_wrong_command_fails_as_the_service_s_own(data: tuple[Path, Person]) -> None:
    done = admin(data[0], "posts", "no-such-command")
    assert done.returncode == 2 and "No such command" in done.stderr


def test_without_data_it_says_what_to_set(tmp_path: Path) -> None:
    done = admin(tmp_path, "posts", "recount")
    assert done.returncode == 1 and "DATA_DIR" in done.stderr and not list(tmp_path.iterdir())


def test_in_compose_and_kubernetes_the_same_command_runs_in_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 0, stdout="posts\ngateway\n")

    monkeypatch.setattr(subprocess, "run", run)
    commands.Compose().run("posts", "recount", "--json")
    commands.Compose().run("dm", "check-media")
    commands.Kubernetes().run("posts", "recount")
    module = ["python", "-m", "services.posts.main", "recount"]
    assert ran[1][-8:] == ["compose", "exec", "-T", "posts", *module, "--json"][-8:]
    assert ran[3][2:7] == ["run", "--rm", "--no-deps", "-T", "dm"]
    assert ran[4] == ["kubectl", "exec", "deployment/posts", "--", *module]

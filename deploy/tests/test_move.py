"""Moving a standalone into the cluster: what refuses to begin, and what a container gets to read."""

import json
import stat
from pathlib import Path

import pytest

from deploy import cluster, move
from deploy.commands import Standalone
from deploy.data_folder import StartupError, load_secrets, lock, service_settings
from services.social.models import metadata
from shared.database import migrations
from shared.database.engine import Database
from shared.service_list import NAMES

ROOT = Path(__file__).parents[2]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a standalone that has run, beside a cluster that has not."""
    monkeypatch.setattr(cluster, "ENV", tmp_path / "env")
    folder = tmp_path / "data"
    folder.mkdir()
    keys = load_secrets(folder)
    for name in NAMES:
        database = Database(service_settings(name, folder, keys)["database_url"], pool_size=1)
        migrations.upgrade(database, ROOT / "services" / name / "migrations")
        database.close()
    (folder / "files" / "posts").mkdir(parents=True)
    (folder / "files" / "posts" / "photo.jpg").write_bytes(b"photo")
    return folder


def test_without_data_there_is_nothing_to_move(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="there are no data"):
        move.move(tmp_path)


def test_nothing_is_moved_while_the_standalone_runs(data: Path) -> None:
    with lock(data), pytest.raises(StartupError, match="another process uses"):
        move.move(data)
    assert not cluster.ENV.exists()


def test_a_cluster_with_other_secrets_is_left_alone(data: Path) -> None:
    cluster.ENV.write_text("AUTH_SECRET=another\n")
    with pytest.raises(StartupError, match="has other secrets"):
        move.move(data)
    assert cluster.ENV.read_text() == "AUTH_SECRET=another\n"


def test_the_cluster_gets_the_secrets_of_the_standalone(data: Path) -> None:
    secrets = json.loads((data / "secrets.json").read_text())
    for _ in range(2):  # the second time after an interruption
        move._take_over_secrets(secrets)
        known = cluster.read(cluster.ENV)
        assert {f"{name.upper()}_SECRET": value for name, value in secrets.items()} == known


def test_containers_read_one_copy_however_often_the_move_is_begun(data: Path) -> None:
    first = move._copy_for_containers(data)
    assert move._copy_for_containers(data) == first
    assert not (first / "secrets.json").exists()
    assert (first / "files" / "posts" / "photo.jpg").read_bytes() == b"photo"
    for path in first.rglob("*"):
        others = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
        assert path.stat().st_mode & others == others


def test_a_service_takes_over_the_data_of_another_place(data: Path, tmp_path: Path) -> None:
    """By the command that runs in the containers."""
    target = tmp_path / "target"
    target.mkdir()
    (target / "secrets.json").write_text((data / "secrets.json").read_text())
    source = Database(f"sqlite:///{data}/social.db", pool_size=1)
    people = metadata.tables["people"]
    source.write(lambda tx: tx.execute(people.insert().values(id=1, nickname="ada", version=1, deleted=False)))
    source.close()
    Standalone(target).run("social", "import-database", f"sqlite:///{data}/social.db")
    Standalone(target).run("posts", "migrate-media", "--from", (data / "files" / "posts").as_uri())
    copy = Database(f"sqlite:///{target}/social.db", pool_size=1)
    assert [row.nickname for row in copy.read(lambda connection: connection.execute(people.select()).all())] == ["ada"]
    copy.close()
    assert (target / "files" / "posts" / "photo.jpg").read_bytes() == b"photo"

"""Both homes of files behave alike; names stay in the folder; a full disk is refused and leaves no half."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import obstore
import pytest
from obstore.store import MemoryStore

from shared.errors import NotFound, Unavailable
from shared.files.storage import Storage, folder, is_name, storage_from
from shared.testing.waiting import WAIT_SECONDS

ROOT = Path(__file__).parents[2]
NOT_OURS = [
    "",
    "/",
    "/etc/passwd",
    "../secret",
    "a/../../secret",
    "a/./b",
    "a//b",
    "a/",
    ".hidden",
    "a..b",
    "A.jpg",
    "a b",
    "é.jpg",
    "a\\b",
    "a\0b",
    "a\n",
    "a%2e%2e",
    "a#1",
    "x" * 201,
]


@pytest.fixture(params=["folder", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return folder(tmp_path / "photos") if request.param == "folder" else Storage(MemoryStore())


def everything(storage: Storage, prefix: str) -> list[str]:
    return sorted(name for page in storage.names(prefix) for name in page)


def test_what_is_put_can_be_got(storage: Storage) -> None:
    storage.put("media/0a/one.jpg", b"\xff\xd8 bytes", "image/jpeg")
    assert storage.get("media/0a/one.jpg") == b"\xff\xd8 bytes"


def test_putting_again_replaces(storage: Storage) -> None:
    storage.put("a/one", b"a longer first", "image/jpeg")
    storage.put("a/one", b"second", "image/jpeg")
    assert storage.get("a/one") == b"second"
    assert everything(storage, "a") == ["a/one"]


@pytest.mark.parametrize("name", ["a/none", "a", *NOT_OURS])
def test_what_is_not_there_is_not_found(storage: Storage, name: str) -> None:
    storage.put("a/one", b"1", "image/jpeg")
    with pytest.raises(NotFound):
        storage.get(name)


def test_deleting_twice_is_the_same_as_once(storage: Storage) -> None:
    for name in ("a/one", "a/two", "a/three"):
        storage.put(name, b"1", "image/jpeg")
    for _ in range(2):
        storage.delete(["a/one", "a/never", "a/two"])
        assert everything(storage, "a") == ["a/three"]
    storage.delete([])


def test_many_are_listed_in_pages_and_deleted_at_once(storage: Storage) -> None:
    names = [f"many/{number:04}" for number in range(1_050)]
    for name in names:
        storage.put(name, b"", "image/jpeg")
    assert everything(storage, "many") == names
    assert all(len(page) <= 1_000 for page in storage.names("many"))
    storage.delete(names)
    assert everything(storage, "many") == []


def test_a_prefix_is_a_folder_and_not_the_beginning_of_a_word(storage: Storage) -> None:
    storage.put("media/one", b"1", "image/jpeg")
    storage.put("media2/two", b"2", "image/jpeg")
    assert everything(storage, "media") == ["media/one"]
    assert everything(storage, "nothing") == []


@pytest.mark.parametrize("name", NOT_OURS)
def test_a_name_that_is_not_ours_is_never_written_or_deleted(storage: Storage, name: str) -> None:
    assert not is_name(name)
    with pytest.raises(ValueError, match="no name of ours"):
        storage.put(name, b"1", "image/jpeg")
    with pytest.raises(ValueError, match="no name of ours"):
        storage.delete(["a/fine", name])


def test_the_type_is_kept_where_the_store_itself_serves_files() -> None:
    store = MemoryStore()
    Storage(store).put("a/one", b"1", "image/jpeg")
    assert obstore.get(store, "a/one").attributes == {"Content-Type": "image/jpeg"}


def test_a_home_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    storage = folder(tmp_path / "photos")
    (tmp_path / "photos").rmdir()
    (tmp_path / "photos").write_text("a file where the folder was")
    with pytest.raises(Unavailable) as refusal:
        storage.put("a/one", b"1", "image/jpeg")
    assert refusal.value.retry_after


def test_a_full_disk_is_unavailable_and_leaves_the_old_file_and_no_half(tmp_path: Path) -> None:
    """The largest file a process may write stands in for the space on a disk: the write fails half-way."""
    script = f"""
import pathlib, resource
from shared.errors import Unavailable
from shared.files.storage import folder
storage = folder(pathlib.Path({str(tmp_path)!r}))
storage.put("a/one", b"old", "image/jpeg")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for name in ("a/one", "a/two"):
    try:
        storage.put(name, bytes(500_000), "image/jpeg")
    except Unavailable:
        print("refused", name)
storage.put("a/three", b"small", "image/jpeg")
"""
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, check=True, capture_output=True, text=True, timeout=WAIT_SECONDS, cwd=ROOT)
    refused = [line for line in run.stdout.splitlines() if line.startswith("refused")]
    assert refused == ["refused a/one", "refused a/two"]
    assert run.stdout.count("storage failed") == 2, "and it is logged"
    assert folder(tmp_path).get("a/one") == b"old"
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["one", "three"]


def test_a_folder_is_chosen_and_made_by_url(tmp_path: Path) -> None:
    path = tmp_path / "my photos" / "new"
    storage_from(f"file://{quote(str(path))}").put("a/one", b"1", "image/jpeg")
    assert (path / "a" / "one").read_bytes() == b"1"


def test_a_bucket_is_chosen_by_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(Unavailable):  # nobody listens on the discard port
        storage_from("s3://photos/posts").put("a/one", b"1", "image/jpeg")


@pytest.mark.parametrize("url", ["", "photos", "file://", "file:///", "file://host/photos", "s3://", "gs://bucket"])
def test_any_other_url_is_refused_with_the_two_that_work(url: str) -> None:
    with pytest.raises(ValueError, match="s3://bucket/prefix"):
        storage_from(url)


def test_a_part_of_a_file_can_be_read(storage: Storage) -> None:
    storage.put("ab.jpg", b"0123456789", "image/jpeg")
    assert storage.size("ab.jpg") == 10
    assert storage.get_range("ab.jpg", 2, 5) == b"234"
    assert storage.get_range("ab.jpg", 9, 10) == b"9"
    for name in ("none.jpg", "../ab.jpg", "A"):
        with pytest.raises(NotFound):
            storage.size(name)
        with pytest.raises(NotFound):
            storage.get_range(name, 0, 1)

"""Both kinds of storage behave alike; names stay in the folder; a full disk leaves no partial file."""

import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import obstore
import pytest
from obstore.store import MemoryStore

from shared.errors import NotFound, Unavailable
from shared.files.folder import FolderStorage
from shared.files.object_storage import ObjectStorage
from shared.files.storage import Storage, is_name
from shared.files.storage_url import storage_from
from shared.testing.s3_server import Bucket
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


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return FolderStorage(tmp_path / "photos")
    bucket: Bucket = request.getfixturevalue("bucket")
    return storage_from(bucket.url)


def everything(storage: Storage, prefix: str) -> list[str]:
    return sorted(name for page in storage.pages(prefix or None) for name in page)


def test_stored_file_can_be_read(storage: Storage) -> None:
    storage.put("media/0a/one.jpg", b"\xff\xd8 bytes", "image/jpeg")
    assert storage.get("media/0a/one.jpg") == b"\xff\xd8 bytes"


def test_file_that_is_larger_than_one_part_is_stored(storage: Storage, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096 * 11  # 11 MiB; object storage gets it in parts of 5
    (tmp_path / "large").write_bytes(content)
    storage.put_file("exports/large.zip", tmp_path / "large", "application/zip")
    length, pieces = storage.stream("exports/large.zip", 1024 * 1024)
    assert length == len(content) and b"".join(pieces) == content


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_credentials_of_a_bucket_are_read_from_files(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file = tmp_path / name
    file.write_text(f"{bucket.environment[name]}\n")
    monkeypatch.setenv(f"{name}_FILE", str(file))
    with pytest.raises(ValueError, match=f"Both {name} and {name}_FILE"):
        storage_from(bucket.url)
    monkeypatch.delenv(name)
    storage = storage_from(bucket.url)
    storage.put("one", b"content", "text/plain")
    assert storage.get("one") == b"content"
    file.write_text("of another")
    with pytest.raises(Unavailable):
        storage_from(bucket.url).get("one")
    file.unlink()
    with pytest.raises(ValueError, match=f"{name}_FILE: .* cannot be read"):
        storage_from(bucket.url)


def test_put_replaces_an_existing_file(storage: Storage) -> None:
    storage.put("a/one", b"a longer first", "image/jpeg")
    storage.put("a/one", b"second", "image/jpeg")
    assert storage.get("a/one") == b"second"
    assert everything(storage, "a") == ["a/one"]


@pytest.mark.parametrize("name", ["a/none", "a", *NOT_OURS])
def test_missing_file_is_not_found(storage: Storage, name: str) -> None:
    storage.put("a/one", b"1", "image/jpeg")
    with pytest.raises(NotFound):
        storage.get(name)


def test_delete_is_idempotent(storage: Storage) -> None:
    for name in ("a/one", "a/two", "a/three"):
        storage.put(name, b"1", "image/jpeg")
    for _ in range(2):
        storage.delete(["a/one", "a/never", "a/two"])
        assert everything(storage, "a") == ["a/three"]
    storage.delete([])


def test_files_are_listed_in_pages_and_deleted_in_one_call(storage: Storage) -> None:
    names = [f"many/{number:04}" for number in range(1_050)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: storage.put(name, b"", "image/jpeg"), names))
    assert everything(storage, "many") == names
    assert all(len(page) <= 1_000 for page in storage.pages("many"))
    storage.delete(names)
    assert everything(storage, "many") == []


def test_prefix_matches_whole_folder_names(storage: Storage) -> None:
    storage.put("media/one", b"1", "image/jpeg")
    storage.put("media2/two", b"2", "image/jpeg")
    assert everything(storage, "media") == ["media/one"]
    assert everything(storage, "nothing") == []


@pytest.mark.parametrize("name", NOT_OURS)
def test_invalid_name_is_neither_written_nor_deleted(storage: Storage, name: str) -> None:
    assert not is_name(name)
    with pytest.raises(ValueError, match="not a valid file name"):
        storage.put(name, b"1", "image/jpeg")
    with pytest.raises(ValueError, match="not a valid file name"):
        storage.delete(["a/fine", name])


def test_content_type_is_stored_in_object_stores() -> None:
    store = MemoryStore()
    ObjectStorage(store).put("a/one", b"1", "image/jpeg")
    assert obstore.get(store, "a/one").attributes == {"Content-Type": "image/jpeg"}


def test_files_are_listed_with_their_sizes(storage: Storage) -> None:
    storage.put("a/one", b"123", "image/jpeg")
    storage.put("a/two", b"", "image/jpeg")
    assert list(storage.pages("a")) == [{"a/one": 3, "a/two": 0}]


def test_missing_folder_is_unavailable(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "photos")
    (tmp_path / "photos").rmdir()
    (tmp_path / "photos").write_text("a file where the folder was")
    with pytest.raises(Unavailable) as refusal:
        storage.put("a/one", b"1", "image/jpeg")
    assert refusal.value.retry_after


def test_full_disk_is_unavailable_and_keeps_the_old_file(tmp_path: Path) -> None:
    """The maximum file size of a process simulates a full disk: the write fails halfway."""
    script = f"""
import pathlib, resource
from shared.errors import Unavailable
from shared.files.folder import FolderStorage
storage = FolderStorage(pathlib.Path({str(tmp_path)!r}))
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
    assert FolderStorage(tmp_path).get("a/one") == b"old"
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["one", "three"]


def test_file_url_selects_and_creates_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "my photos" / "new"
    storage_from(f"file://{quote(str(path))}").put("a/one", b"1", "image/jpeg")
    assert (path / "a" / "one").read_bytes() == b"1"


def test_s3_url_selects_a_bucket(bucket: Bucket) -> None:
    storage_from(bucket.url).put("a/one", b"1", "image/jpeg")
    other = storage_from(f"{bucket.url}/a")
    assert other.get("one") == b"1"
    assert everything(other, "") == ["one"]


def test_file_that_a_killed_process_wrote_in_part_is_removed_with_its_name(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    for name in ("again", "again#1", "again#2", "gone#1"):
        (tmp_path / name).write_bytes(b"par")
    assert everything(storage, "") == ["again"]
    storage.put("again", b"whole", "image/jpeg")
    storage.delete(["gone"])
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


@pytest.mark.parametrize("url", ["", "photos", "file://", "file:///", "file://host/photos", "s3://", "gs://bucket"])
def test_other_storage_urls_are_refused_with_the_supported_ones(url: str) -> None:
    with pytest.raises(ValueError, match="s3://bucket/prefix"):
        storage_from(url)


def test_range_of_a_file_can_be_read(storage: Storage) -> None:
    storage.put("ab.jpg", b"0123456789", "image/jpeg")
    assert storage.size("ab.jpg") == 10
    assert storage.get_range("ab.jpg", 2, 5) == b"234"
    assert storage.get_range("ab.jpg", 9, 10) == b"9"
    for name in ("none.jpg", "../ab.jpg", "A"):
        with pytest.raises(NotFound):
            storage.size(name)
        with pytest.raises(NotFound):
            storage.get_range(name, 0, 1)


def test_reader_that_stops_closes_the_file(storage: Storage) -> None:
    storage.put("a/one", b"0123456789", "image/jpeg")
    length, pieces = storage.stream("a/one", 4)
    assert (length, b"".join(pieces)) == (10, b"0123456789")
    _, pieces = storage.stream("a/one", 4)
    pieces.close()  # an open file would fail this test with a ResourceWarning
    del pieces
    gc.collect()


def test_folder_that_is_away_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "photos")
    (tmp_path / "photos").rmdir()
    with pytest.raises(Unavailable):
        list(storage.pages())


def test_object_storage_is_imported_only_where_it_is_used(tmp_path: Path) -> None:
    script = f"""
import sys
from shared.files.storage_url import storage_from
storage_from({tmp_path.as_uri()!r}).put("a/one", b"1", "image/jpeg")
assert not [name for name in sys.modules if name.startswith("obstore")]
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=WAIT_SECONDS, cwd=ROOT)

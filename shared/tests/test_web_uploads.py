"""Forms with files: parsed by RFC 7578, with bounded disk space, and refused with our own errors."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from shared.errors import Unavailable
from shared.testing import LiveService, eventually, running_service
from shared.tests.sample_service import service
from shared.web.spool import SpoolSpace

BOUNDARY = "b0undary"


def part(disposition: str, content: bytes, *headers: str) -> bytes:
    lines = [f"--{BOUNDARY}", f"Content-Disposition: {disposition}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content + b"\r\n"


FILE = part('form-data; name="file"; filename="x"', b"12345")
END = f"--{BOUNDARY}--\r\n".encode()


def send(standing: LiveService, *parts: bytes, content_type: str = f"multipart/form-data; boundary={BOUNDARY}") -> Any:
    return standing.client.put("/api/v1/file", content=b"".join(parts), headers={"content-type": content_type})


def outcome(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json().get("code", answer.json())


@pytest.mark.parametrize(
    "disposition",
    [
        'form-data; name="file"',
        "form-data; name=file",
        'form-data; filename="x.png"; name="file"',
        'form-data; name="file"; filename=""',
        "form-data; name=\"file\"; filename*=UTF-8''x.png",
    ],
)
def test_file_name_is_optional(standing: LiveService, disposition: str) -> None:
    answer = send(standing, part(disposition, b"12345", "Content-Type: image/png"), END)
    assert outcome(answer) == (202, {"bytes": 5, "note": None})


@pytest.mark.parametrize("before", [b"", b"\r\n", b"a line\r\n", b"--\r\n--b0undar\r\n" + b"x" * 100_000 + b"\r\n"])
@pytest.mark.parametrize("after", [b"", b"an epilogue", b"\r\n\r\nan epilogue\r\n"])
def test_bytes_around_the_parts_are_ignored(standing: LiveService, before: bytes, after: bytes) -> None:
    assert outcome(send(standing, before, FILE, END, after)) == (202, {"bytes": 5, "note": None})


def test_preamble_is_skipped_for_any_chunk_boundary(standing: LiveService) -> None:
    def bytes_one_by_one() -> Iterator[bytes]:
        for byte in b"a preamble\r\n" + FILE + END:
            yield bytes([byte])

    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = standing.client.put("/api/v1/file", content=bytes_one_by_one(), headers=headers)
    assert outcome(answer) == (202, {"bytes": 5, "note": None})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no boundary at all",
        FILE,
        FILE[:-10],
        b"--other\r\n" + FILE[len(BOUNDARY) + 4 :],
        part("form-data", b"x") + END,
    ],
)
def test_incomplete_form_is_malformed(standing: LiveService, content: bytes) -> None:
    assert outcome(send(standing, content)) == (400, "malformed")


@pytest.mark.parametrize(
    ("parts", "code", "pointers"),
    [
        ([FILE, part('form-data; name="caption"', b"x")], "validation_failed", ["/caption"]),
        ([FILE, part('form-data; name="other"; filename="x"', b"x")], "validation_failed", ["/other"]),
        ([FILE, FILE], "repeated_field", ["/file"]),
        (
            [FILE, part('form-data; name="note"', b"a"), part('form-data; name="note"', b"b")],
            "repeated_field",
            ["/note"],
        ),
        ([part('form-data; name="note"', b"a")], "validation_failed", ["/file"]),
        ([FILE, part('form-data; name="note"; filename="x"', b"a")], "validation_failed", ["/note"]),
    ],
)
def test_unknown_missing_and_duplicate_fields_are_reported_with_pointers(
    standing: LiveService, parts: list[bytes], code: str, pointers: list[str]
) -> None:
    answer = send(standing, *parts, END)
    assert outcome(answer) == (422, code)
    assert [each["pointer"] for each in answer.json()["errors"]] == pointers
    for word in ("UploadFile", "class", "pydantic", "starlette"):
        assert word not in answer.text


def test_form_text_is_utf_8(standing: LiveService) -> None:
    note = part('form-data; name="note"', "바다 🌊".encode(), "Content-Type: text/plain; charset=UTF-8")
    assert outcome(send(standing, FILE, note, END)) == (202, {"bytes": 5, "note": "바다 🌊"})


@pytest.mark.parametrize(
    "note",
    [
        part('form-data; name="note"', "바다".encode("euc-kr")),
        part('form-data; name="note"', b"sea", "Content-Type: text/plain; charset=euc-kr"),
        part('form-data; name="note"', "바다".encode("utf-16")),
        part('form-data; name="note"', b"a\xed\xa0\x80"),
    ],
)
def test_text_in_another_encoding_is_refused(standing: LiveService, note: bytes) -> None:
    assert outcome(send(standing, FILE, note, END)) == (400, "malformed")


@pytest.mark.parametrize("charset", ["euc-kr", "latin-1", "utf-16", "no-such-charset"])
def test_form_in_another_encoding_is_refused(standing: LiveService, charset: str) -> None:
    content_type = f"multipart/form-data; boundary={BOUNDARY}; charset={charset}"
    assert outcome(send(standing, FILE, END, content_type=content_type)) == (415, "unsupported_media_type")


@contextmanager
def bounded(folder: Path, spool_bytes: int) -> Iterator[LiveService]:
    with running_service(service(folder, spool_bytes=spool_bytes)) as found:
        yield found


def test_disk_space_of_uploads_is_limited(tmp_path: Path) -> None:
    with bounded(tmp_path, 4_000) as found:
        space = found.app.state.spool_space
        for _ in range(3):
            assert outcome(found.client.put("/api/v1/file", files={"file": b"x" * 3_000}))[0] == 202
        refused = found.client.put("/api/v1/file", files={"file": b"x" * 5_000})
        assert outcome(refused) == (503, "storage_unavailable")
        assert refused.headers["retry-after"]
        assert outcome(send(found, FILE[:-20]))[0] == 400
        assert eventually(lambda: space.left == 4_000), "all of it is given back"


def test_body_of_unknown_length_reserves_the_maximum(tmp_path: Path) -> None:
    with bounded(tmp_path, 4_000) as found:
        headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
        answer = found.client.put("/api/v1/file", content=iter([FILE, END]), headers=headers)
        assert outcome(answer) == (503, "storage_unavailable")


def test_full_disk_is_a_logged_server_error(standing: LiveService, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> object:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with capture_logs() as logged:
        answer = standing.client.put("/api/v1/file", files={"file": b"x" * 2_000_000})
    assert outcome(answer) == (503, "storage_unavailable")
    assert [each["log_level"] for each in logged] == ["error"]
    monkeypatch.undo()
    assert outcome(standing.client.put("/api/v1/file", files={"file": b"x" * 2_000_000}))[0] == 202


def test_uploads_use_at_most_half_of_the_free_space_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tempfile.gettempdir())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000))
    space = SpoolSpace()
    space.reserve(500)
    with pytest.raises(Unavailable):
        space.reserve(1)

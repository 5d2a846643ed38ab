"""Request bodies: strict JSON and uploads of bounded size with the right content type; everything else is refused."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from shared.body_limits import MAX_JSON_BYTES, MAX_UPLOAD_BYTES
from shared.database.engine import Database
from shared.testing import LiveService
from shared.tests.sample_service import MINTER, THINGS

JSON = {"content-type": "application/json"}


def count(database: Database) -> int:
    return database.read(lambda tx: tx.execute(select(func.count()).select_from(THINGS)).scalar_one())


def add(
    standing: LiveService, content: bytes | Iterator[bytes], headers: dict[str, str] | None = None
) -> tuple[int, str]:
    """The status and the code of the response."""
    answer = standing.client.post("/api/v1/things", content=content, headers=MINTER.bearer(7) | (headers or JSON))
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize(
    "body",
    [
        {"text": "x"},
        {"text": "x" * 100, "number": -5},
        {"text": "안녕 \u2028 \U0001f600"},
        {"text": "a\x01b"},
        {"text": "x", "near": "0037a52d5f400001"},
        {"text": "x", "anything": {"deep": [1, None]}},
    ],
)
def test_valid_body_is_accepted(standing: LiveService, body: dict[str, Any]) -> None:
    assert add(standing, json.dumps(body).encode()) == (201, "")


@pytest.mark.parametrize(
    "kind",
    [
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json; Charset=utf8",
        "Application/JSON",
        "application/json ;x=y",
    ],
)
def test_content_type_is_parsed_in_any_spelling(standing: LiveService, kind: str) -> None:
    assert add(standing, b'{"text": "x"}', {"content-type": kind}) == (201, "")


@pytest.mark.parametrize(
    "charset",
    [
        "charset=latin1",
        "charset=ISO-8859-1",
        "charset=utf-16",
        'CHARSET="euc-kr"',
        "charset=",
        "charset=utf-8; charset=latin1",
        "x=y; charset=utf-7",
        "charset*=utf-8''latin1",
    ],
)
def test_other_charset_is_an_unsupported_media_type(standing: LiveService, database: Database, charset: str) -> None:
    before = count(database)
    kind = {"content-type": f"application/json; {charset}"}
    assert add(standing, b'{"text": "x"}', kind) == (415, "unsupported_media_type")
    assert count(database) == before


@pytest.mark.parametrize("coding", ["gzip", "br", "x-gzip", "deflate, gzip", "aws-chunked"])
def test_content_encoding_is_an_unsupported_media_type(standing: LiveService, database: Database, coding: str) -> None:
    before = count(database)
    headers = MINTER.bearer(7) | JSON | {"content-encoding": coding}
    answer = standing.client.post("/api/v1/things", content=b'{"text": "x"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.headers["accept-encoding"] == "identity"
    assert count(database) == before


MALFORMED = {
    "cut": b'{"text": "x"',
    "nothing but a space": b" ",
    "two values": b'{"text": "x"}{}',
    "a comma too many": b'{"text": "x",}',
    "single quotes": b"{'text': 'x'}",
    "NaN": b'{"text": "x", "number": NaN}',
    "Infinity": b'{"text": "x", "number": Infinity}',
    "a comment": b'{"text": "x"} // done',
    "a lone surrogate": b'{"text": "\\ud800"}',
    "a lone surrogate as a name": b'{"text": "x", "\\udfff": 1}',
    "no UTF-8": b'{"text": "\xff"}',
    "UTF-16": '{"text": "x"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"text": "x"}',
    "a raw NUL": b'{"text": "\x00"}',
    "a raw line break": b'{"text": "a\nb"}',
    "a name given twice": b'{"text": "x", "text": "y"}',
    "10,000 deep": b"[" * 10_000,
    "10,000 deep and closed": b'{"text": "x", "anything": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_invalid_json_is_malformed(standing: LiveService, database: Database, content: bytes) -> None:
    before = count(database)
    assert add(standing, content) == (400, "malformed_json")
    assert count(database) == before


@pytest.mark.parametrize("depth", [900, 980, 1_000, 1_020, 1_030])
def test_nesting_depth_never_causes_a_500(standing: LiveService, depth: int) -> None:
    content = b'{"text": "x", "anything": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
    assert add(standing, content)[0] in (201, 400, 422)


INVALID: dict[str, tuple[bytes, list[str]]] = {
    "nothing": (b"", [""]),
    "null": (b"null", [""]),
    "an array": (b"[]", [""]),
    "text": (b'"text"', [""]),
    "no field": (b"{}", ["/text"]),
    "too short": (b'{"text": ""}', ["/text"]),
    "too long": (json.dumps({"text": "x" * 101}).encode(), ["/text"]),
    "a number for text": (b'{"text": 5}', ["/text"]),
    "null for text": (b'{"text": null}', ["/text"]),
    "text for a number": (b'{"text": "x", "number": "5"}', ["/number"]),
    "a fraction for a number": (b'{"text": "x", "number": 1.0}', ["/number"]),
    "true for a number": (b'{"text": "x", "number": true}', ["/number"]),
    "an unknown field": (b'{"text": "x", "colour": "red"}', ["/colour"]),
    "two at once": (b'{"text": 5, "colour": "red"}', ["/text", "/colour"]),
    "no id": (b'{"text": "x", "near": "none"}', ["/near"]),
    "a number for an id": (b'{"text": "x", "near": 5}', ["/near"]),
    "a number that no database holds": (b'{"text": "x", "near": 18446744073709551615}', ["/near"]),
}


@pytest.mark.parametrize(("content", "pointers"), INVALID.values(), ids=INVALID)
def test_invalid_values_are_refused_with_pointers(
    standing: LiveService, database: Database, content: bytes, pointers: list[str]
) -> None:
    before = count(database)
    answer = standing.client.post("/api/v1/things", content=content, headers=MINTER.bearer(7) | JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert [each["pointer"] for each in answer.json()["errors"]] == pointers
    assert count(database) == before


@pytest.mark.parametrize(
    ("text", "code"), [("", "string_too_short"), ("x" * 101, "string_too_long"), (5, "string_type")]
)
def test_text_length_is_counted_in_characters(standing: LiveService, text: object, code: str) -> None:
    answer = standing.client.post("/api/v1/things", json={"text": text}, headers=MINTER.bearer(7))
    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["pointer"], fault["code"]) == (422, "/text", code)
    assert "item" not in fault["detail"]


def test_text_with_nul_is_refused(standing: LiveService) -> None:
    assert add(standing, b'{"text": "a\\u0000b"}') == (422, "nul_character")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json"])
def test_other_content_type_is_refused(standing: LiveService, kind: str) -> None:
    assert add(standing, b'{"text": "x"}', {"content-type": kind}) == (415, "unsupported_media_type")
    assert standing.client.post("/api/v1/things", content=b"{}", headers=MINTER.bearer(7)).status_code == 415


def test_body_up_to_the_limit_is_read(standing: LiveService) -> None:
    padding = b" " * (MAX_JSON_BYTES - len(b'{"text": "x"}'))
    assert add(standing, b'{"text": "x"}' + padding) == (201, "")
    assert add(standing, b'{"text": "x"}' + padding + b" ") == (413, "too_large")


def test_body_of_unknown_length_is_cut_off_at_the_limit(standing: LiveService) -> None:
    sent = []

    def endless() -> Iterator[bytes]:
        for number in range(200):
            sent.append(number)
            yield b" " * 10_000

    assert add(standing, endless()) == (413, "too_large")
    assert add(standing, iter([b'{"text":', b' "x"}'])) == (201, ""), "and one that is short is read"


def test_password_of_a_megabyte_is_too_large(standing: LiveService) -> None:
    assert add(standing, json.dumps({"text": "x" * 1_000_000}).encode()) == (413, "too_large")


def upload(standing: LiveService, **request: Any) -> tuple[int, Any]:
    answer = standing.client.put("/api/v1/file", **request)
    return answer.status_code, answer.json().get("code", answer.json().get("bytes"))


def test_upload_is_a_form_with_a_file(standing: LiveService) -> None:
    assert upload(standing, files={"file": b"12345"}) == (202, 5)
    assert upload(standing, files={"other": b"12345"}) == (422, "validation_failed")
    assert upload(standing, json={"file": "12345"}) == (415, "unsupported_media_type")
    assert upload(standing, content=b"12345", headers={"content-type": "image/png"}) == (415, "unsupported_media_type")
    assert upload(standing, content=b"x", headers={"content-type": "multipart/form-data"})[0] == 400


def test_upload_is_limited_too(standing: LiveService) -> None:
    assert upload(standing, files={"file": b"x" * (20 * 1024 * 1024)}) == (202, 20 * 1024 * 1024)
    assert upload(standing, files={"file": b"x" * MAX_UPLOAD_BYTES}) == (413, "too_large")


def test_form_with_thousands_of_fields_is_refused(standing: LiveService) -> None:
    many = {f"field{number}": "x" for number in range(2_000)}
    assert upload(standing, data=many, files={"file": b"x"})[0] == 400

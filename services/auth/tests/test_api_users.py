"""Public profiles, search and avatars, without a token."""

import signal
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from services.auth import models
from services.auth.actions.accounts import REPLACED_AVATAR_RETENTION_MS
from shared import ids
from shared.database.engine import Database
from shared.files import garbage
from shared.testing import LiveService, eventually
from shared.testing.aborted_requests import STUCK_DECODER, aborted_request

from .factories import PASSWORD, Person, Time, create_user, rows, sign_up

AVATAR = "/api/v1/users/me/avatar"


def picture(colour: str = "orange", kind: str = "PNG") -> bytes:
    """A small upload."""
    upload = BytesIO()
    Image.new("RGB", (64, 48), colour).save(upload, kind)
    return upload.getvalue()


def put_avatar(auth: LiveService, person: Person, content: bytes, name: str = "face.png") -> httpx.Response:
    return auth.client.put(AVATAR, files={"file": (name, content, "image/png")}, headers=person.bearer)


def sweep(auth: LiveService) -> None:
    """The step of the worker that deletes files."""
    garbage.collect(auth.app.state.database, models.disposal, auth.app.state.dependencies.storage)


@pytest.fixture(scope="module")
def ada(standing: LiveService) -> Person:
    """A user that no test changes."""
    return create_user(standing, phone="010-1234-5678")


def test_a6_profile_is_public_without_private_fields(standing: LiveService, ada: Person) -> None:
    profile = {name: ada.account[name] for name in ("id", "nickname", "name", "bio", "avatar_url", "created_at")}
    for path in (f"/api/v1/users/{ada.id}", "/api/v1/users/by-nickname/ada", "/api/v1/users/by-nickname/ADA"):
        answer = standing.client.get(path)
        assert (answer.status_code, answer.json()) == (200, profile)


@pytest.mark.parametrize(
    "path",
    [
        f"/users/{ids.encode(1)}",
        "/users/1",
        "/users/FFFFFFFFFFFFFFFF",
        "/users/%00",
        "/users/by-nickname/nobody",
        "/users/by-nickname/%00",
        "/users/by-nickname/ada%20",
        "/avatars/none.jpg",
        "/avatars/..%2fauth.db",
        "/avatars/%00",
        "/avatars/NONE.JPG",
    ],
)
def test_unknown_user_and_unknown_path_are_404(standing: LiveService, ada: Person, path: str) -> None:
    answer = standing.client.get(f"/api/v1{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_withdrawn_user_is_not_found(auth: LiveService) -> None:
    ada = create_user(auth)
    sign_up(auth, "adam")
    auth.client.post("/api/v1/users/me/deletion", json={"current_password": PASSWORD}, headers=ada.bearer)
    assert auth.client.get(f"/api/v1/users/{ada.id}").status_code == 404
    assert auth.client.get("/api/v1/users/by-nickname/ada").status_code == 404
    found = auth.client.get("/api/v1/users", params={"query": "ada"}).json()["items"]
    assert [each["nickname"] for each in found] == ["adam"]


def test_search_is_paged_by_links(auth: LiveService) -> None:
    for each in ("sam1", "sam2", "sam3", "tim"):
        sign_up(auth, each, name="Sam" if each == "tim" else "Someone")
    seen: list[str] = []
    path = "/api/v1/users?query=SAM&limit=1"
    for _ in range(4):
        answer = auth.client.get(path)
        seen += [each["nickname"] for each in answer.json()["items"]]
        link = answer.headers.get("link")
        if link is None:
            break
        assert "query=SAM&limit=1&cursor=" in link
        path = link.partition(">")[0].removeprefix("<")
    assert seen == ["tim", "sam3", "sam2", "sam1"]
    assert answer.json()["next_cursor"] is None


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({}, 422, "validation_failed"),
        ({"query": ""}, 422, "validation_failed"),
        ({"query": "a" * 61}, 422, "validation_failed"),
        ({"query": "a\x00"}, 422, "nul_character"),
        ({"query": "ada", "limit": 0}, 422, "validation_failed"),
        ({"query": "ada", "limit": 101}, 422, "validation_failed"),
        ({"query": "ada", "limit": "many"}, 422, "validation_failed"),
        ({"query": "ada", "cursor": ""}, 400, "invalid_cursor"),
        ({"query": "ada", "cursor": "forged"}, 400, "invalid_cursor"),
    ],
)
def test_invalid_search_is_refused(standing: LiveService, parameters: dict[str, Any], status: int, code: str) -> None:
    answer = standing.client.get("/api/v1/users", params=parameters)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("nickname", ["ａｄａ", "ＡＤＡ", "%EF%BD%81da"])
def test_search_matches_full_width_nicknames(standing: LiveService, ada: Person, nickname: str) -> None:
    answer = standing.client.get(f"/api/v1/users/by-nickname/{nickname}")
    assert (answer.status_code, answer.json().get("id")) == (200, ada.id)


@pytest.mark.parametrize("query", [" ", "\u200b", "\u3164\ufe0f"])
def test_search_for_invisible_characters_finds_no_user(standing: LiveService, ada: Person, query: str) -> None:
    answer = standing.client.get("/api/v1/users", params={"query": query})
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next_cursor": None})


def test_cursor_of_another_search_is_refused(auth: LiveService) -> None:
    for each in ("sam1", "sam2", "tim1"):
        sign_up(auth, each)
    cursor = auth.client.get("/api/v1/users?query=sam&limit=1").json()["next_cursor"]
    assert auth.client.get("/api/v1/users", params={"query": "tim", "cursor": cursor}).status_code == 400
    assert auth.client.get("/api/v1/users", params={"query": "sam", "cursor": cursor, "limit": 5}).status_code == 200


def test_avatar_is_public_and_a_replaced_file_is_deleted_later(
    auth: LiveService, database: Database, time: Time
) -> None:
    ada = create_user(auth)
    urls = [put_avatar(auth, ada, picture(colour)).json()["avatar_url"] for colour in ("orange", "blue")]
    assert auth.client.get(f"/api/v1/users/{ada.id}").json()["avatar_url"] == urls[1]
    sweep(auth)
    assert auth.client.get(urls[0]).status_code == 200, "pages that were loaded before still show it"
    time.passes(REPLACED_AVATAR_RETENTION_MS)
    sweep(auth)
    former, shown = (auth.client.get(url) for url in urls)
    assert (former.status_code, shown.status_code) == (404, 200)
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in shown.headers["cache-control"]
    assert Image.open(BytesIO(shown.content)).format == "JPEG"
    assert rows(database, models.disposal) == []


def test_avatar_removal_is_idempotent(auth: LiveService) -> None:
    ada = create_user(auth)
    urls = [put_avatar(auth, ada, picture(colour)).json()["avatar_url"] for colour in ("orange", "blue")]
    answers = [auth.client.delete(AVATAR, headers=ada.bearer) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["avatar_url"] is None
    sweep(auth)
    assert [auth.client.get(url).status_code for url in urls] == [404] * 2, "also the one that was replaced before"


def test_avatar_of_a_withdrawn_user_is_deleted(auth: LiveService) -> None:
    ada = create_user(auth)
    url = put_avatar(auth, ada, picture()).json()["avatar_url"]
    auth.client.post("/api/v1/users/me/deletion", json={"current_password": PASSWORD}, headers=ada.bearer)
    sweep(auth)
    assert auth.client.get(url).status_code == 404


def test_replaced_avatars_of_a_withdrawn_user_are_deleted_at_once(auth: LiveService, database: Database) -> None:
    ada, bob = create_user(auth), create_user(auth, "bob")
    urls = [put_avatar(auth, ada, picture(colour)).json()["avatar_url"] for colour in ("orange", "blue", "green")]
    others = [put_avatar(auth, bob, picture(colour)).json()["avatar_url"] for colour in ("orange", "blue")]
    auth.client.post("/api/v1/users/me/deletion", json={"current_password": PASSWORD}, headers=ada.bearer)
    sweep(auth)
    assert [auth.client.get(url).status_code for url in urls] == [404] * 3
    assert [auth.client.get(url).status_code for url in others] == [200] * 2


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"no picture", 415, "unsupported_media"),
        (b"", 415, "unsupported_media"),
        (picture()[:60], 422, "corrupt_media"),
        (b"x" * (20 * 1024 * 1024 + 1), 413, "too_large"),
        (b"x" * (21 * 1024 * 1024), 413, "too_large"),
    ],
)
def test_invalid_avatar_is_refused_and_changes_nothing(
    standing: LiveService, ada: Person, content: bytes, status: int, code: str
) -> None:
    answer = put_avatar(standing, ada, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert standing.client.get("/api/v1/users/me", headers=ada.bearer).json() == ada.account


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (picture(), "image/png", 415),
        (b'{"file": "text"}', "application/json", 415),
        (b"--", "multipart/form-data", 400),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
        (
            b'--x\r\ncontent-disposition: form-data; name="file"\r\n\r\ntext\r\n--x--',
            "multipart/form-data; boundary=x",
            415,
        ),
        (b"--x--", "multipart/form-data; boundary=x", 422),
    ],
)
def test_avatar_upload_requires_a_form_with_a_file(
    standing: LiveService, ada: Person, content: bytes, content_type: str, status: int
) -> None:
    answer = standing.client.put(AVATAR, content=content, headers=ada.bearer | {"content-type": content_type})
    assert answer.status_code == status, answer.text


def test_avatar_upload_requires_a_token(standing: LiveService) -> None:
    assert standing.client.put(AVATAR, files={"file": picture()}).status_code == 401
    assert standing.client.delete(AVATAR).status_code == 401


def test_cancelled_upload_is_neither_decoded_nor_stored(auth: LiveService) -> None:
    ada, bob = create_user(auth), create_user(auth, "bob")
    for worker in auth.app.state.dependencies.image_processor._decoders:
        command, worker._command = worker._command, STUCK_DECODER
    busy = auth.app.state.dependencies.image_processor._decoders[-1]
    files = {"file": ("face.png", picture(), "image/png")}
    with aborted_request(auth.client, "PUT", AVATAR, files=files, headers=ada.bearer):
        process = eventually(lambda: busy._process)
    assert eventually(lambda: process.poll() == -signal.SIGKILL)
    for worker in auth.app.state.dependencies.image_processor._decoders:
        worker._command = command
    assert put_avatar(auth, bob, picture()).status_code == 200
    assert auth.client.get("/api/v1/users/me", headers=ada.bearer).json() == ada.account


def test_avatar_upload_has_one_part_and_needs_no_file_name(auth: LiveService) -> None:
    ada = create_user(auth)
    part = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + picture() + b"\r\n"
    headers = ada.bearer | {"content-type": "multipart/form-data; boundary=x"}
    for content, status in ((part, 200), (b"a preamble\r\n" + part, 200), (part + part, 422)):
        answer = auth.client.put(AVATAR, content=content + b"--x--\r\n", headers=headers)
        assert answer.status_code == status, answer.text


def test_avatar_responses_support_etags_ranges_and_head(auth: LiveService) -> None:
    url = put_avatar(auth, create_user(auth), picture()).json()["avatar_url"]
    whole = auth.client.get(url)
    assert auth.client.get(url, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert auth.client.get(url, headers={"range": "bytes=0-9"}).content == whole.content[:10]
    assert auth.client.get(url, headers={"range": "bytes=9999999-"}).status_code == 416
    assert auth.client.head(url).headers["content-length"] == str(len(whole.content))

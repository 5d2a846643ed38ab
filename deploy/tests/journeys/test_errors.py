"""Invalid bodies on every route: each gets a 4xx problem, and nothing changes."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from .bodies import BAD_TEXTS, JSON_HEADERS, NOT_JSON, OTHER_SHAPES, WRONG_TYPES, Scene, with_raw_field, written
from .contract import JSON, MULTIPART, Operation
from .image_files import picture
from .person import API, Person
from .refusals import Refusals
from .responses import invalid, refusal

VALID = {"a number": {"uses", "days", "expirationTime"}, "a fraction": {"expirationTime"}}
"""Fields for which the value is of the right type."""


@pytest.fixture(scope="module")
def with_json(declared: list[Operation]) -> list[Operation]:
    return [operation for operation in declared if JSON in operation.body_types]


@pytest.fixture(scope="module")
def of_services(declared: list[Operation]) -> list[Operation]:
    return [
        operation
        for operation in declared
        if operation.declared["tags"] != ["gateway"] and operation.path != f"{API}/ws"
    ]


def test_there_is_a_valid_body_for_every_route(scene: Scene, with_json: list[Operation]) -> None:
    assert len(with_json) >= 12
    assert [str(operation) for operation in with_json if scene.body(operation) is None] == []


@pytest.mark.parametrize("kind", NOT_JSON)
def test_invalid_json_is_refused(refusals: Refusals, with_json: list[Operation], kind: str) -> None:
    for operation in with_json:
        response = refusals.send(operation, NOT_JSON[kind])
        if kind == "empty":
            refusals.expect(response, {400, 422}, operation)
        else:
            refusals.expect(response, {400}, operation, "malformed_json")


@pytest.mark.parametrize("kind", OTHER_SHAPES)
def test_json_of_the_wrong_type_is_refused(refusals: Refusals, with_json: list[Operation], kind: str) -> None:
    for operation in with_json:
        refusals.expect(refusals.send(operation, OTHER_SHAPES[kind]), {422}, operation, "validation_failed")


def test_unknown_field_is_refused_with_its_pointer(
    refusals: Refusals, scene: Scene, with_json: list[Operation]
) -> None:
    for operation in with_json:
        for name in ("id", "is_admin", "__class__", "Text", "a/b~c", ""):
            response = refusals.send(operation, written((scene.body(operation) or {}) | {name: "x"}))
            refusals.expect(response, {422}, f"{operation} {name!r}", "validation_failed")
            pointer = "/" + name.replace("~", "~0").replace("/", "~1")
            if pointer not in response.text:
                refusals.wrong.append(f"{operation}: does not point at {pointer}")


def test_duplicate_field_is_refused(refusals: Refusals, scene: Scene, with_json: list[Operation]) -> None:
    for operation in with_json:
        body = scene.body(operation) or {}
        name = next(iter(body))
        values = [{name: "another"}, body] if name != "current_password" else [body, {name: "another"}]
        twice = b"{" + b", ".join(written(one)[1:-1] for one in values) + b"}"
        refusals.expect(refusals.send(operation, twice), {400, 422}, operation)


@pytest.mark.parametrize("kind", WRONG_TYPES)
def test_value_of_the_wrong_type_is_refused(
    refusals: Refusals, scene: Scene, with_json: list[Operation], kind: str
) -> None:
    for operation in with_json:
        body = scene.body(operation) or {}
        for name in set(operation.body_fields()) - VALID.get(kind, set()):
            response = refusals.send(operation, with_raw_field(body, name, WRONG_TYPES[kind]))
            refusals.expect(response, {400, 422}, f"{operation} {name}")


@pytest.mark.parametrize("kind", BAD_TEXTS)
def test_text_that_cannot_be_stored_is_refused(
    refusals: Refusals, scene: Scene, with_json: list[Operation], kind: str
) -> None:
    for operation in with_json:
        body = scene.body(operation) or {}
        for name in operation.body_fields():
            response = refusals.send(operation, with_raw_field(body, name, BAD_TEXTS[kind]))
            refusals.expect(response, expected_of(operation, name, kind), f"{operation} {name}")


def expected_of(operation: Operation, name: str, kind: str) -> set[int]:
    """The expected refusal; an invalid refresh token or login may also get 401."""
    if kind == "1 MB":
        return {413, 422}
    may_be_called_wrong = {"refresh_token": 401, "password": 401, "identifier": 401, "current_password": 403}
    return {400, 422, may_be_called_wrong.get(name, 422)}


def test_null_in_a_required_field_is_refused(refusals: Refusals, scene: Scene, with_json: list[Operation]) -> None:
    for operation in with_json:
        for name in required(operation):
            response = refusals.send(operation, written((scene.body(operation) or {}) | {name: None}))
            refusals.expect(response, {422}, f"{operation} {name}", "validation_failed")
            without = {key: value for key, value in (scene.body(operation) or {}).items() if key != name}
            refusals.expect(refusals.send(operation, written(without)), {422}, f"{operation} without {name}")


def required(operation: Operation) -> list[str]:
    names: list[str] = operation.resolved(operation.body_types[JSON].get("schema", {})).get("required", [])
    return names


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json", ""]
)
def test_wrong_content_type_is_refused(
    refusals: Refusals, scene: Scene, with_json: list[Operation], content_type: str
) -> None:
    for operation in with_json:
        good = written(scene.body(operation))
        refusals.expect(refusals.send(operation, good, {"Content-Type": content_type}), {415}, operation)


def test_json_is_accepted_without_a_content_type_or_with_a_charset(
    refusals: Refusals, scene: Scene, with_json: list[Operation]
) -> None:
    for operation in with_json:
        refusals.expect(refusals.send(operation, written(scene.body(operation)), {}), {400, 415}, operation)
        declared = {"Content-Type": "application/json; charset=utf-8"}
        refusals.expect(refusals.send(operation, b'{"nothing": 1}', declared), {422}, operation)


def test_upload_with_a_wrong_content_type_is_refused(refusals: Refusals, declared: list[Operation]) -> None:
    uploads = [operation for operation in declared if MULTIPART in operation.body_types]
    assert len(uploads) >= 3
    for operation in uploads:
        for content_type in ("application/json", "image/jpeg", "text/plain"):
            response = refusals.send(operation, picture(), {"Content-Type": content_type})
            refusals.expect(response, {415}, operation)


@pytest.mark.parametrize("bad", ["", "no id", "0", "x" * 300, "9" * 20, "FFFFFFFFFFFFFFFF", "../../x", "é", "0x10"])
def test_malformed_id_in_a_body_is_invalid(refusals: Refusals, scene: Scene, bad: str) -> None:
    person, bodies = scene.person, {
        "/posts": {"media_ids": [bad]},
        f"/posts/{scene.post}/comments": {"text": "x", "parent_id": bad},
        "/rooms": {"user_id": bad},
        f"/rooms/{scene.room}/messages": {"type": "text", "text": "x", "reply_to": bad},
    }  # fmt: skip
    for path, body in bodies.items():
        refusals.expect(person.send("POST", path, json=body), {422}, path)
    for content in ({"type": "image", "media_id": bad}, {"type": "post", "post_id": bad}):
        refusals.expect(person.message(scene.room, **content), {422}, content)
    refusals.expect(person.read(scene.room, bad), {422}, "read")
    refusals.expect(person.edit_post(scene.post, media_ids=[bad]), {422}, "edit")


def test_id_in_a_body_must_be_a_string(refusals: Refusals, scene: Scene) -> None:
    refusals.expect(scene.person.send("POST", "/rooms", json={"user_id": int(scene.peer.id, 16)}), {422}, "room")
    by_number = {"text": "x", "parent_id": int(scene.comment, 16)}
    refusals.expect(scene.person.send("POST", f"/posts/{scene.post}/comments", json=by_number), {422}, "reply")


def test_password_of_a_megabyte_is_refused_before_hashing(refusals: Refusals, scene: Scene, web: httpx.Client) -> None:
    huge = "p" * 1_000_000
    jo = Person(web, password=huge)
    refusals.expect(jo.sign_up(), {413, 422}, "sign up")
    refusals.expect(jo.log_in(scene.person.nickname), {401, 413, 422}, "log in")
    refusals.expect(scene.person.change(new_password=huge), {413, 422}, "new password")
    refusals.expect(scene.person.change(current_password=huge), {403, 413, 422}, "current password")


def test_body_above_every_limit_is_refused(refusals: Refusals, with_json: list[Operation]) -> None:
    for operation in with_json:
        refusals.expect(refusals.send(operation, b" " * 2_000_000 + b"{}"), {413}, operation)


def test_field_error_has_a_pointer_and_a_code(scene: Scene) -> None:
    problem = invalid(scene.person.edit_post(scene.post, caption="c" * 2201), "/caption")
    assert problem["code"] == "validation_failed" and problem["title"] and problem["detail"]
    assert problem["instance"] == f"{API}/posts/{scene.post}"
    fault = problem["errors"][0]
    assert fault["code"] and fault["detail"]


def test_all_field_errors_are_reported(web: httpx.Client) -> None:
    body = {"email": 1, "name": [], "nickname": {}, "password": True}
    problem = refusal(web.post(f"{API}/auth/signup", json=body), 422, "validation_failed")
    assert {fault["pointer"] for fault in problem["errors"]} == {"/email", "/name", "/nickname", "/password"}


def test_unknown_query_parameter_is_refused_on_every_route(
    refusals: Refusals, scene: Scene, of_services: list[Operation]
) -> None:
    for operation in of_services:
        path = f"{scene.path(operation)}?nonsense=1"
        response = scene.person.fetch(operation.method, path, content=b"", headers=JSON_HEADERS)
        refusals.expect(response, {422}, operation, "unknown_parameter")
        if "/nonsense" not in response.text:
            refusals.wrong.append(f"{operation}: does not point at the parameter")


def test_duplicate_query_parameter_is_refused(refusals: Refusals, scene: Scene, of_services: list[Operation]) -> None:
    with_parameters = [(each, one["name"]) for each in of_services for one in each.parameters if one["in"] == "query"]
    assert len(with_parameters) >= 20
    for operation, name in with_parameters:
        response = scene.person.fetch(operation.method, f"{scene.path(operation)}?{name}=1&{name}=1")
        refusals.expect(response, {422}, f"{operation} {name}", "repeated_parameter")


def test_text_length_is_counted_in_characters(refusals: Refusals, scene: Scene, with_json: list[Operation]) -> None:
    for operation in with_json:
        body = scene.body(operation) or {}
        for name, schema in operation.body_fields().items():
            longest = longest_of(operation, schema)
            if longest is None or "password" in name:  # their length has its own code
                continue
            response = refusals.send(operation, written(body | {name: "x" * 600 * (longest // 600 + 1)}))
            refusals.expect(response, {422}, f"{operation} {name}")
            if response.status_code == 422 and "string_too_long" not in response.text:
                refusals.wrong.append(f"{operation} {name}: {response.text}")


def longest_of(operation: Operation, schema: Mapping[str, Any]) -> int | None:
    """The maximum length of this field, if it is declared."""
    found = operation.resolved(schema)
    alternatives = [operation.resolved(one) for one in [found, *found.get("anyOf", [])]]
    return next((one["maxLength"] for one in alternatives if "maxLength" in one), None)


@pytest.mark.parametrize("text", [" ", "\n\t", "\u200b", "\u3164", "\u2800 \u00ad"], ids=ascii)
def test_comment_or_message_without_visible_characters_is_refused(scene: Scene, text: str) -> None:
    person = scene.person
    problems = [
        invalid(person.send("POST", f"/posts/{scene.post}/comments", json={"text": text}), "/text"),
        invalid(person.send("PATCH", f"/comments/{scene.comment}", json={"text": text}), "/text"),
        invalid(person.say(scene.room, text), "/text"),
    ]
    assert {problem["code"] for problem in problems} == {"blank"}

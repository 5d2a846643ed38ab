"""Invalid URLs: malformed ids, forged parameters, unknown methods and paths."""

from typing import Any

import pytest

from .bodies import Scene
from .contract import METHODS, MULTIPART, Operation
from .person import API, Person, form
from .refusals import Refusals
from .responses import refusal

BAD_IDS = [
    "0",
    "-1",
    "no-id",
    "x" * 300,
    "9" * 40,
    "1e3",
    "%00",
    "%27%20OR%201=1--",
    "%F0%9F%8C%8A",
    "%ff%fe",
]
OF_A_TAG = f"{API}/tags/{{}}/posts"
"""Its parameter is a text: a tag that nobody uses has no posts."""


@pytest.mark.parametrize("bad", BAD_IDS)
def test_malformed_id_in_the_path_is_not_found(
    refusals: Refusals, scene: Scene, declared: list[Operation], bad: str
) -> None:
    statuses = {400, 404} if bad.startswith("%") else {404}
    for operation in declared:
        if "{}" not in operation.template or operation.template == OF_A_TAG:
            continue
        path, options = scene.filled(operation.template, lambda _: bad), options_for(scene, operation)
        response = scene.person.fetch(operation.method, path, **options)
        refusals.expect(response, statuses, f"{operation} {bad}")


def options_for(scene: Scene, operation: Operation) -> dict[str, Any]:
    """A valid body, so that only the path is invalid."""
    if MULTIPART in operation.body_types:
        return {"files": form()}
    body = scene.body(operation)
    return {} if body is None else {"json": body}


def test_malformed_ids_in_the_query_are_refused(refusals: Refusals, scene: Scene) -> None:
    for asked in ("", "no id", "0", f"{scene.peer.id},nothing", ",,,", "\0", "x" * 3000):
        response = scene.person.send("GET", "/relations", params={"user_ids": asked})
        refusals.expect(response, {400, 404, 422}, asked)


def test_invalid_list_parameter_is_refused(refusals: Refusals, scene: Scene, declared: list[Operation]) -> None:
    lists = [operation for operation in declared if operation.takes("query", "cursor")]
    assert len(lists) >= 12
    for operation in lists:
        for name, value, status in (("limit", "0", 422), ("limit", "x", 422), ("cursor", "forged", 400)):
            parameters = {"query": "jo", name: value} if operation.takes("query", "query") else {name: value}
            response = scene.person.fetch("GET", scene.path(operation), params=parameters)
            refusals.expect(
                response, {status}, f"{operation} {name}={value}", "invalid_cursor" if status == 400 else ""
            )


def test_search_without_a_valid_query_is_refused(other_user: Person) -> None:
    for path in ("/users", "/messages"):
        refusal(other_user.send("GET", path), 422)
        for query in ("", "\0", "q" * 5000):
            refusal(other_user.send("GET", path, params={"query": query}), {400, 422})


def test_unsupported_method_gets_405_with_the_allowed_methods(
    refusals: Refusals, scene: Scene, declared: list[Operation]
) -> None:
    there: dict[str, set[str]] = {}
    for operation in declared:
        there.setdefault(operation.template, set()).add(operation.method)
    for template, methods in there.items():
        for method in {method.upper() for method in METHODS} - methods:
            response = scene.person.fetch(method, scene.filled(template, lambda real: real))
            refusals.expect(response, {405}, f"{method} {template}", "method_not_allowed")
            allowed = {one.strip() for one in response.headers.get("Allow", "").split(",")}
            if not methods <= allowed or method in allowed:
                refusals.wrong.append(f"{method} {template}: Allow is {sorted(allowed)}, not {sorted(methods)}")


def test_unknown_method_is_refused(refusals: Refusals, scene: Scene) -> None:
    refusals.expect(scene.person.send("TRACE", "/users/me"), {405}, "TRACE", "method_not_allowed")
    unheard_of = scene.person.send("BREW", "/users/me")
    assert unheard_of.status_code in (400, 405) and "<html" not in unheard_of.text.lower()


@pytest.mark.parametrize(
    "path", ["//posts", "/posts/..%2fposts", "/posts%00", "/po%5csts", "/%2e%2e/healthz", "/posts/%"]
)
def test_ambiguous_path_is_refused(refusals: Refusals, scene: Scene, path: str) -> None:
    refusals.expect(scene.person.send("GET", path), {400, 404}, path)

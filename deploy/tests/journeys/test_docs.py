"""The gateway's own routes: documentation, description, health, request ids."""

import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.service_list import NAMES

from . import routes
from .contract import JSON, PROBLEM, Operation
from .person import API, Person
from .responses import answer, refusal, unauthorized

HEADS_OF_ADDRESSES = ("src", "href", "action", "data", "srcset", "poster")


class Addresses(HTMLParser):
    """Collects the URLs of a page, and its inline scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.found += [value for name, value in attrs if name in HEADS_OF_ADDRESSES and value]

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style"):
            self.inline.append(data)


def read_page(html: str) -> Addresses:
    page = Addresses()
    page.feed(html)
    return page


@pytest.fixture(scope="module")
def document(web: httpx.Client) -> Mapping[str, Any]:
    response = web.get("/openapi.json")
    assert response.headers["content-type"].partition(";")[0] == JSON
    found: Mapping[str, Any] = answer(response)
    return found


def test_documentation_page_refers_only_to_its_own_host(web: httpx.Client, base_url: str) -> None:
    response = web.get("/docs")
    assert response.status_code == 200 and response.headers["content-type"].startswith("text/html")
    page = read_page(response.text)
    assert any(address.endswith(".js") for address in page.found)
    assert any(address.endswith(".css") for address in page.found)
    for address in page.found:
        whole = urlsplit(urljoin(f"{base_url}/docs", address))
        assert whole.scheme == "data" or whole.netloc == urlsplit(base_url).netloc, address
    for script in page.inline:
        assert not re.search(r"""["'(](https?:)?//""", script.replace(base_url, "")), script


def test_documentation_files_load(web: httpx.Client, base_url: str) -> None:
    for address in read_page(web.get("/docs").text).found:
        if address.startswith(("data:", "#")):
            continue
        response = web.get(urljoin(f"{base_url}/docs", address))
        assert response.status_code == 200, address
        assert response.content and not response.headers["content-type"].startswith("text/html"), address


def test_documentation_uses_no_external_validator(web: httpx.Client, base_url: str) -> None:
    page = read_page(web.get("/docs").text)
    small = [web.get(urljoin(f"{base_url}/docs", one)).text for one in page.found if one.endswith(".js")]
    settings = [*page.inline, *(script for script in small if len(script) < 10_000)]
    assert re.search(r"""validatorUrl["']?\s*:\s*(null|["']none["']|["']["'])""", "\n".join(settings))


def test_merged_description_is_valid_openapi_3_1(document: Mapping[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(json.loads(json.dumps(document))).validate()


def test_description_contains_every_route(declared: list[Operation]) -> None:
    there = {(operation.method, operation.template) for operation in declared}
    missing = [str(route) for route in routes.EVERY if (route.method, route.template) not in there]
    assert missing == []


def test_description_marks_public_routes(declared: list[Operation]) -> None:
    needs_token = {(operation.method, operation.template): operation.needs_token for operation in declared}
    for route in routes.EVERY:
        assert needs_token[route.method, route.template] is not route.public, route


def test_description_omits_internal_routes(declared: list[Operation]) -> None:
    assert [str(operation) for operation in declared if "internal" in operation.path] == []


def flaws(operation: Operation) -> list[str]:
    """What is missing in the description of one operation."""
    responses = {status: operation.resolved(one) for status, one in operation.declared["responses"].items()}
    problems = [status for status, one in responses.items() if PROBLEM in one.get("content", {})]
    found = [] if operation.declared.get("summary") else ["summary"]
    found += [] if operation.declared.get("tags") else ["tag"]
    at_the_root = operation.path in routes.AT_THE_ROOT
    found += [] if at_the_root or any(status.startswith("4") for status in problems) else ["problem answers"]
    found += ["401"] if operation.needs_token and "401" not in problems else []
    found += ["404"] if "{" in operation.path and "404" not in problems else []
    found += ["422"] if operation.body_types and "422" not in problems else []
    found += [] if any(status.startswith("2") or status == "101" for status in responses) else ["success"]
    for status, one in responses.items():
        for media_type, media in one.get("content", {}).items():
            if "json" in media_type and not operation.has_example(media):
                found.append(f"example of {status}")
    for media_type, media in operation.body_types.items():
        if media_type == JSON and not operation.has_example(media):
            found.append("example of the body")
    return found


def test_every_operation_has_a_summary_problem_responses_and_examples(declared: list[Operation]) -> None:
    lacking = {str(operation): flaws(operation) for operation in declared}
    assert {operation: found for operation, found in lacking.items() if found} == {}


def test_every_operation_id_is_unique(declared: list[Operation]) -> None:
    names = [operation.declared["operationId"] for operation in declared]
    assert len(set(names)) == len(names)


def test_description_declares_bearer_authentication(document: Mapping[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"].values()
    assert [(scheme["type"], scheme["scheme"].lower()) for scheme in schemes] == [("http", "bearer")]


def test_gateway_is_healthy_and_ready(web: httpx.Client) -> None:
    answer(web.get("/healthz"))
    ready = web.get("/readyz")
    answer(ready)
    for upstream in NAMES:
        assert upstream in ready.text


def test_jwks_contains_only_public_keys(web: httpx.Client) -> None:
    keys = answer(web.get("/.well-known/jwks.json"))["keys"]
    assert keys
    for key in keys:
        assert (key["kty"], key["crv"], key["alg"]) == ("OKP", "Ed25519", "EdDSA")
        assert key["kid"] and key["x"] and "d" not in key


@pytest.mark.parametrize("path", routes.AT_THE_ROOT)
def test_root_resources_are_read_only(web: httpx.Client, path: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = web.request(method, path)
        refusal(response, 405, "method_not_allowed")
        assert "GET" in response.headers["Allow"]


def test_unknown_path_is_not_found(web: httpx.Client, other_user: Person) -> None:
    for path in (
        "/nothing",
        API,
        f"{API}/",
        f"{API}/nothing",
        f"{API}/users/me/nothing",
        "/api/v2/posts",
        "/docs/x/y",
    ):
        refusal(other_user.fetch("GET", path), 404, "not_found")
        refusal(web.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "given", ["5f0c2b8e9d1a4f6b8c7d6e5f4a3b2c1d", "550e8400-e29b-41d4-a716-446655440000", "order-7"]
)
def test_client_request_id_is_returned(web: httpx.Client, given: str) -> None:
    headers = {"X-Request-ID": given}
    for path in ("/healthz", f"{API}/posts", "/openapi.json"):
        assert web.get(path, headers=headers).headers["X-Request-ID"] == given
    problem = unauthorized(web.get(f"{API}/feed", headers=headers))
    assert problem["request_id"] == given
    problem = refusal(web.get(f"{API}/posts/0000000000000001", headers=headers), 404)
    assert problem["request_id"] == given


@pytest.mark.parametrize("given", ["", "with space", "x" * 500, 'quo"te', "<script>", "tab\there", "a;b", "é"])
def test_malformed_request_id_is_replaced(web: httpx.Client, given: str) -> None:
    for path in ("/healthz", f"{API}/posts", f"{API}/feed"):
        response = web.get(path, headers={b"X-Request-ID": given.encode()})
        returned = response.headers["X-Request-ID"]
        assert returned != given and re.fullmatch(r"[A-Za-z0-9._-]{8,128}", returned)


def test_every_request_gets_a_unique_id(web: httpx.Client) -> None:
    responses = [web.get(f"{API}/posts") for _ in range(3)]
    assert len({response.headers["X-Request-ID"] for response in responses}) == 3
    assert all(len(response.headers.get_list("X-Request-ID")) == 1 for response in responses)

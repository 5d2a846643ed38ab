"""The merged OpenAPI description: complete, with one schema for each type."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.pages import ASSETS, FILES, VIEWS
from gateway.routes import LOCAL, ROUTES, UNLIMITED, Router
from tools.description import links
from tools.description.codes import documented as all_codes
from tools.description.components import Components
from tools.description.merge import merged

ROOT = Path(__file__).parents[2]
NAMES = ("auth", "social", "posts", "dm", "notifications")
OBJECTS = {
    "Account", "Profile", "UserRef", "Tokens", "Session", "Relation", "Counts",
    "Media", "Post", "Comment", "Room", "Message", "Problem",
}  # fmt: skip
"""As the page that clients are written against names them."""


def operation(name: str, **more: Any) -> dict[str, Any]:
    """An operation as FastAPI describes it."""
    answer = {"description": "OK", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    return {
        "operationId": name,
        "summary": name,
        "tags": ["other"],
        "security": [{"HTTPBearer": []}],
        "responses": {"200": answer},
        **more,
    }


def description(name: str) -> dict[str, Any]:
    """The document of a service: its routes, one that is not routed, and schemas with names that others have."""
    paths: dict[str, Any] = {}
    for number, route in enumerate(route for route in ROUTES if route.upstream == name):
        pattern = route.pattern.replace("{id}", "{some_id}")
        names = re.findall(r"\{(\w+)\}", pattern)
        given = [{"name": each, "in": "path", "required": True, "schema": {"type": "string"}} for each in names]
        described = operation(f"{name}_{number}", parameters=given)
        paths.setdefault(pattern, {})[route.method.lower()] = described
    paths["/internal/secrets"] = {"get": operation(f"{name}_internal")}
    paths["/api/v1/users/me"] = {**paths.get("/api/v1/users/me", {}), "put": operation(f"{name}_put_me")}
    schemas = {
        "Same": {"type": "object", "title": "Same"},
        "Inner": {"const": name, "title": f"Inner of {name}"},
        "Thing": {"type": "object", "properties": {"inner": {"$ref": "#/components/schemas/Inner"}}},
    }
    scheme = {"HTTPBearer": {"type": "http", "scheme": "bearer"}}
    info = {"title": name, "version": "1"}
    components = {"schemas": schemas, "securitySchemes": scheme}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    """The result of merging small documents with conflicts."""
    return merged({name: description(name) for name in NAMES}, Router(), ["not_found"])


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """The description as served."""
    document: dict[str, Any] = json.loads((ROOT / "gateway" / "docs" / "openapi.json").read_text())
    return document


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Path, method and operation of each."""
    for path, item in document["paths"].items():
        for method, described in item.items():
            yield path, method, described


def schemas_within(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in it."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from schemas_within(each)
    elif isinstance(value, list):
        for each in value:
            yield from schemas_within(each)


@pytest.mark.parametrize("which", ["small", "whole"])
def test_description_is_valid(which: str, request: pytest.FixtureRequest) -> None:
    document = request.getfixturevalue(which)
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"
    assert document["servers"][0]["url"] == "/"


@pytest.mark.parametrize("which", ["small", "whole"])
def test_description_has_exactly_the_routes(which: str, request: pytest.FixtureRequest) -> None:
    described = {
        (method.upper(), re.sub(r"{\w+}", "{}", path)) for path, method, _ in operations(request.getfixturevalue(which))
    }
    routed = {
        (route.method, re.sub(r"{\w+}", "{}", route.pattern))
        for route in ROUTES
        if route.pattern not in {"/docs/{file}", ASSETS, *FILES, *VIEWS}
    }
    assert described == routed


def test_every_operation_has_its_tag_and_security(small: dict[str, Any]) -> None:
    rows = {(route.method.lower(), route.pattern): route for route in ROUTES}
    secured: dict[str, list[dict[str, list[str]]]] = {
        "PUBLIC": [],
        "OPTIONAL": [{}, {"accessToken": []}],
        "SIGNED_IN": [{"accessToken": []}],
    }
    for path, method, described in operations(small):
        route = rows[method, path.replace("{some_id}", "{id}")]
        assert described["tags"] == [route.upstream]
        assert described["security"] == secured[route.access.name]
        if route.upstream != LOCAL:
            problems = set(described["responses"])
            assert {"502", "503"} <= problems
            assert ("401" in problems) == (route.access.name != "PUBLIC")
            assert ("413" in problems) == (route.body.name != "NONE")
    assert [tag["name"] for tag in small["tags"]] == [*NAMES, LOCAL]
    assert small["components"]["securitySchemes"]["accessToken"]["scheme"] == "bearer"


def test_equal_schemas_of_one_name_are_merged(small: dict[str, Any]) -> None:
    schemas = small["components"]["schemas"]
    assert "Same" in schemas and not [name for name in schemas if name.endswith("Same") and name != "Same"]
    assert (schemas["Inner"]["const"], schemas["DmInner"]["const"]) == ("auth", "dm")


def test_references_to_a_renamed_schema_are_renamed(small: dict[str, Any]) -> None:
    schemas = small["components"]["schemas"]
    assert schemas["DmThing"]["properties"]["inner"] == {"$ref": "#/components/schemas/DmInner"}
    answer = small["paths"]["/api/v1/rooms"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/DmThing"}


def test_discriminators_and_lists_use_the_new_names() -> None:
    components = Components()
    components.adopt("one", {"schemas": {"A": {"type": "string"}}})
    union = {"oneOf": [{"$ref": "#/components/schemas/A"}], "mapping": {"a": "#/components/schemas/A"}}
    renamed = components.adopt("two", {"schemas": {"A": {"type": "integer"}, "U": union}})
    assert renamed == {("schemas", "A"): "TwoA", ("schemas", "U"): "TwoU"}
    assert components.sections["schemas"]["TwoU"] == {
        "oneOf": [{"$ref": "#/components/schemas/TwoA"}],
        "mapping": {"a": "#/components/schemas/TwoA"},
    }


def test_schemas_that_differ_only_in_descriptions_are_merged() -> None:
    components = Components()
    one = {"type": "object", "title": "T", "properties": {"title": {"type": "string", "examples": ["a"]}}}
    other = {"type": "object", "description": "Words", "properties": {"title": {"type": "string", "example": "b"}}}
    assert components.adopt("one", {"schemas": {"A": one}}) == {}
    assert components.adopt("two", {"schemas": {"A": other}}) == {}
    assert components.sections["schemas"]["A"] == one


@pytest.mark.parametrize("field", ["title", "description", "example", "examples"])
def test_field_named_like_a_keyword_is_compared(field: str) -> None:
    components = Components()
    components.adopt("one", {"schemas": {"A": {"properties": {field: {"type": "string"}}}}})
    renamed = components.adopt("two", {"schemas": {"A": {"properties": {field: {"type": "integer"}}}}})
    assert renamed == {("schemas", "A"): "TwoA"}


def test_no_schema_is_renamed(whole: dict[str, Any]) -> None:
    """A name used differently by two services would give clients types such as DmThing and Thing."""
    names = set(whole["components"]["schemas"])
    assert names >= OBJECTS
    assert [name for name in names if re.match("(Auth|Social|Posts|Dm|Gateway)[A-Z]|Body_", name)] == []
    for name in NAMES:
        own = json.loads((ROOT / "services" / name / "openapi.json").read_text())["components"]["schemas"]
        assert set(own) <= names


def test_only_schemas_have_titles_equal_to_their_names(whole: dict[str, Any]) -> None:
    schemas = whole["components"]["schemas"]
    assert {name: schema["title"] for name, schema in schemas.items()} == {name: name for name in schemas}
    titled = [each for each in schemas_within(whole["paths"]) if isinstance(each.get("title"), str) and "type" in each]
    assert [each for each in titled if "code" not in each] == [], "examples of problems have titles too"
    fields = [field for schema in schemas.values() for field in schema.get("properties", {}).values()]
    assert [field for field in fields if isinstance(field.get("title"), str)] == []


def test_every_timestamp_has_the_date_time_format(whole: dict[str, Any]) -> None:
    found = 0
    for each in schemas_within(whole["components"]["schemas"]):
        for name, field in each.get("properties", {}).items():
            if name.endswith("_at"):
                assert "date-time" in {each.get("format") for each in (field, *field.get("anyOf", ()))}, name
                found += 1
    assert found >= 10


def test_no_field_is_only_null(whole: dict[str, Any]) -> None:
    """openapi-fetch omits such a field from its types."""
    for name, schema in whole["components"]["schemas"].items():
        assert [key for key, field in schema.get("properties", {}).items() if field.get("type") == "null"] == [], name


def test_message_response_is_a_union_by_type(whole: dict[str, Any]) -> None:
    schemas = whole["components"]["schemas"]
    assert schemas["Message"]["discriminator"] == {
        "propertyName": "type",
        "mapping": {kind: f"#/components/schemas/{kind.title()}Message" for kind in ("text", "image", "post")},
    }
    filled = {"text": "text", "image": "image", "post": "post_id"}
    for kind, field in filled.items():
        properties = schemas[f"{kind.title()}Message"]["properties"]
        assert properties["type"]["const"] == kind
        nullable = {name for name in filled.values() if {"type": "null"} in properties[name].get("anyOf", ())}
        assert nullable == set(filled.values()) - {field}


def test_binary_data_has_the_binary_format(whole: dict[str, Any]) -> None:
    pictures, files = 0, 0
    for _, _, described in operations(whole):
        for response in described["responses"].values():
            for media_type, media in response.get("content", {}).items():
                if media_type.startswith("image/"):
                    assert media["schema"] == {"type": "string", "format": "binary"}
                    pictures += 1
        form = described.get("requestBody", {}).get("content", {}).get("multipart/form-data")
        if form:
            assert form["schema"]["properties"]["file"]["format"] == "binary"
            assert "image/jpeg" in form["encoding"]["file"]["contentType"]
            files += 1
    assert (pictures, files) == (12, 3), "a whole picture and a range of it, of two types; three routes take one"


def test_no_parameter_is_nullable(whole: dict[str, Any]) -> None:
    for path, _, described in operations(whole):
        for parameter in described.get("parameters", ()):
            assert {"type": "null"} not in parameter["schema"].get("anyOf", ()), (path, parameter["name"])


def test_header_names_have_their_usual_spelling(whole: dict[str, Any]) -> None:
    parameters = [each for _, _, described in operations(whole) for each in described.get("parameters", ())]
    assert {each["name"] for each in parameters if each["in"] == "header"} == {
        "Idempotency-Key", "If-None-Match", "Sec-WebSocket-Protocol",
    }  # fmt: skip


def test_every_problem_response_is_described_once_per_status(whole: dict[str, Any]) -> None:
    for path, method, described in operations(whole):
        for status, response in described["responses"].items():
            if int(status) >= 400 and path != "/readyz":
                assert set(response) == {"$ref"}, (method, path, status)
    for response in whole["components"]["responses"].values():
        assert response["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_every_response_has_request_id_and_rate_limit_headers(whole: dict[str, Any]) -> None:
    counted = {re.sub(r"{\w+}", "{}", route.pattern) for route in ROUTES if route.rate_limit is not UNLIMITED}
    limits = {"RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
    for path, _, described in operations(whole):
        for response in described["responses"].values():
            name = response.get("$ref", "").removeprefix("#/components/responses/")
            headers = set((whole["components"]["responses"][name] if name else response)["headers"])
            assert "X-Request-ID" in headers
            assert (limits <= headers) == (re.sub(r"{\w+}", "{}", path) in counted)
    for name in ("TooManyRequests", "ServiceUnavailable"):
        assert "Retry-After" in whole["components"]["responses"][name]["headers"]


def test_problem_codes_equal_the_error_page(whole: dict[str, Any]) -> None:
    problem = whole["components"]["schemas"]["Problem"]
    assert problem["properties"]["code"]["x-extensible-enum"] == all_codes()
    assert "errors" not in problem["required"] and problem["properties"]["errors"]["type"] == "array"
    responses = whole["components"]["responses"].values()
    examples = {response["content"]["application/problem+json"]["example"]["code"] for response in responses}
    assert examples <= set(all_codes()) and len(examples) == len(responses)


def test_links_lead_from_created_resources_to_their_operations(whole: dict[str, Any]) -> None:
    by_name = {described["operationId"]: described for _, _, described in operations(whole)}
    assert set(links.NEXT) <= set(by_name)
    for name, following in links.NEXT.items():
        answer = next(each for status, each in by_name[name]["responses"].items() if status in ("200", "201"))
        assert list(answer["links"]) == [each.operation for each in following]
        for each in answer["links"].values():
            assert each["operationId"] in by_name


def test_link_with_wrong_parameters_is_refused() -> None:
    target: dict[str, Any] = {"operationId": "posts_post", "parameters": [{"name": "b", "in": "path"}]}
    paths = {"/a/{b}": {"get": target}, "/a": {"post": {"operationId": "posts_publish", "responses": {"201": {}}}}}
    with pytest.raises(KeyError, match="posts_post has the path parameters"):
        links.with_links(paths)

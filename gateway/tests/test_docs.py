"""The documentation: one page, all of it from our own host, over one valid description."""

import re
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.components import Components
from gateway.routes import OWN, ROUTES

from .house import House, open_house
from .stub import NAMES, Services

FILES = ("/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/docs/start.js", "/docs/favicon.png")


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
    """What a service says of itself: its routes, one that is not routed, and schemas of names that others have."""
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
        "Inner": {"type": "object", "title": f"Inner of {name}"},
        "Thing": {"type": "object", "properties": {"inner": {"$ref": "#/components/schemas/Inner"}}},
    }
    scheme = {"HTTPBearer": {"type": "http", "scheme": "bearer"}}
    info = {"title": name, "version": "1"}
    components = {"schemas": schemas, "securitySchemes": scheme}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}


@pytest.fixture(scope="module")
def documented() -> dict[str, Any]:
    """The merged description."""
    with open_house(Services(descriptions={name: description(name) for name in NAMES})) as house:
        answer = house.web.get("/openapi.json")
        assert answer.headers["content-type"] == "application/json"
        document: dict[str, Any] = answer.json()
        return document


def test_the_description_is_valid(documented: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(documented).validate()
    assert documented["openapi"] == "3.1.0"
    assert documented["servers"] == [{"url": "/"}]


def test_it_has_every_route_and_no_other(documented: dict[str, Any]) -> None:
    described = {
        (method.upper(), path.replace("{some_id}", "{id}"))
        for path, item in documented["paths"].items()
        for method in item
    }
    assert described == {(route.method, route.pattern) for route in ROUTES if route.pattern != "/docs/{file}"}


def test_every_operation_says_whose_it_is_and_who_may_ask(documented: dict[str, Any]) -> None:
    rows = {(route.method.lower(), route.pattern): route for route in ROUTES}
    secured: dict[str, list[dict[str, list[str]]]] = {
        "PUBLIC": [],
        "OPTIONAL": [{}, {"accessToken": []}],
        "SIGNED_IN": [{"accessToken": []}],
    }
    for path, item in documented["paths"].items():
        for method, described in item.items():
            route = rows[method, path.replace("{some_id}", "{id}")]
            assert described["tags"] == [route.upstream]
            assert described["security"] == secured[route.access.name]
            if route.upstream != OWN:
                problems = set(described["responses"])
                assert {"502", "503"} <= problems
                assert ("401" in problems) == (route.access.name != "PUBLIC")
                assert ("413" in problems) == (route.body.name != "NONE")
    assert [tag["name"] for tag in documented["tags"]] == [*NAMES, OWN]
    assert documented["components"]["securitySchemes"]["accessToken"]["scheme"] == "bearer"


def test_schemas_of_one_name_are_shared_where_they_are_the_same(documented: dict[str, Any]) -> None:
    schemas = documented["components"]["schemas"]
    assert "Same" in schemas and not [name for name in schemas if name.endswith("Same") and name != "Same"]
    assert schemas["Inner"]["title"] == "Inner of auth"
    assert schemas["DmInner"]["title"] == "Inner of dm"


def test_what_refers_to_a_renamed_schema_is_renamed_with_it(documented: dict[str, Any]) -> None:
    schemas = documented["components"]["schemas"]
    assert schemas["DmThing"]["properties"]["inner"] == {"$ref": "#/components/schemas/DmInner"}
    answer = documented["paths"]["/api/v1/rooms"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/DmThing"}


def test_discriminators_and_lists_follow_the_new_names() -> None:
    components = Components()
    components.adopt("one", {"schemas": {"A": {"type": "string"}}})
    union = {"oneOf": [{"$ref": "#/components/schemas/A"}], "mapping": {"a": "#/components/schemas/A"}}
    renamed = components.adopt("two", {"schemas": {"A": {"type": "integer"}, "U": union}})
    assert renamed == {("schemas", "A"): "TwoA", ("schemas", "U"): "TwoU"}
    assert components.sections["schemas"]["TwoU"] == {
        "oneOf": [{"$ref": "#/components/schemas/TwoA"}],
        "mapping": {"a": "#/components/schemas/TwoA"},
    }


def test_a_service_that_was_never_reached_is_named() -> None:
    services = Services(descriptions={"auth": description("auth"), "social": description("social"), "posts": []})
    services.descriptions["dm"] = description("dm")
    with open_house(services, dm_url="http://127.0.0.1:1") as house:
        answer = house.web.get("/openapi.json")
        assert (answer.status_code, answer.json()["code"]) == (503, "description_unavailable")
        assert "posts, dm" in answer.json()["detail"]
        assert "retry-after" in answer.headers


def test_the_last_good_description_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.docs.KEPT_SECONDS", 0.0)
    monkeypatch.setattr("gateway.docs.INCOMPLETE_KEPT_SECONDS", 0.0)
    services = Services(descriptions={name: description(name) for name in NAMES})
    with open_house(services) as house:
        good = house.web.get("/openapi.json").json()
        services.descriptions["dm"] = "nonsense"
        assert house.web.get("/openapi.json").json() == good
        services.descriptions_down = True
        assert house.web.get("/openapi.json").json() == good


def test_a_description_that_is_no_json_counts_as_none() -> None:
    services = Services(descriptions=dict.fromkeys(NAMES, b"<html>"))
    with open_house(services) as house:
        assert house.web.get("/openapi.json").status_code == 503


def test_it_is_not_fetched_for_every_visitor() -> None:
    services = Services(descriptions={name: description(name) for name in NAMES})
    with open_house(services) as house:
        assert house.web.get("/openapi.json").json() == house.web.get("/openapi.json").json()
        assert services.described == len(NAMES)


def test_the_page_and_all_its_files_come_from_here(house: House) -> None:
    page = house.web.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    named = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
    assert sorted(named) == sorted(FILES)
    kinds = [house.web.get(path).headers["content-type"].partition(";")[0] for path in FILES]
    assert kinds == ["text/javascript", "text/css", "text/javascript", "image/png"]
    assert "SwaggerUIBundle" in house.web.get(FILES[0]).text


def test_the_page_runs_no_script_of_its_own_text_and_talks_to_nobody_else(house: House) -> None:
    page = house.web.get("/docs")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text), "an inline script"
    assert not re.search(r"\son\w+=", page.text), "an inline handler"
    start = house.web.get("/docs/start.js").text
    assert 'url: "/openapi.json"' in start and "persistAuthorization: true" in start
    assert "validatorUrl: null" in start, "the description would be sent to a checker on the net"


def test_a_file_that_is_not_there_is_not_there(house: House) -> None:
    answer: httpx.Response = house.web.get("/docs/start.py")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

"""Limits in the description: all that a request may hold is bounded, and so are the arrays and numbers of answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DOCUMENT = json.loads((Path(__file__).parents[2] / "gateway" / "docs" / "openapi.json").read_bytes())
Schema = dict[str, Any]
Found = tuple[str, Schema]
"""Where a schema stands, and what it says."""
PARTS = ("anyOf", "oneOf", "allOf")


def resolved(value: Any) -> Any:
    """What a reference refers to."""
    while "$ref" in value:
        at: Any = DOCUMENT
        for name in value["$ref"].removeprefix("#/").split("/"):
            at = at[name]
        value = at
    return value


def walk(schema: Schema, where: str, seen: frozenset[str] = frozenset()) -> Iterator[Found]:
    """This schema and all below it, each reference once."""
    name = schema.get("$ref", "")
    if name in seen:
        return
    seen = seen | {name} if name else seen
    schema = resolved(schema)
    yield where, schema
    below = [(part, each) for part in PARTS for each in schema.get(part, ())]
    below += [(name, each) for name, each in schema.get("properties", {}).items()]
    below += [("[]", schema["items"])] if "items" in schema else []
    for step, each in below:
        yield from walk(each, f"{where}/{step}", seen)


def operations() -> Iterator[tuple[str, Schema]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def of_requests() -> Iterator[Found]:
    """All but headers that have no form of their own: the gateway bounds all headers together (431)."""
    for name, operation in operations():
        for parameter in map(resolved, operation.get("parameters", ())):
            if parameter["in"] != "header" or parameter["schema"].keys() - {"type", "title", "description", "default"}:
                yield from walk(parameter["schema"], f"{name} {parameter['name']}")
        body = resolved(operation.get("requestBody", {}))
        for media_type, content in body.get("content", {}).items():
            yield from walk(content["schema"], f"{name} {media_type}")


def of_answers() -> Iterator[Found]:
    for name, operation in operations():
        for status, response in operation["responses"].items():
            for content in resolved(response).get("content", {}).values():
                yield from walk(content["schema"], f"{name} {status}")


def unbounded(schema: Schema) -> bool:
    """Whether it allows numbers, or arrays or texts of lengths, that no limit is given for."""
    match schema.get("type"):
        case "string":
            binary = schema.get("format") == "binary"  # a file: its limit is in bytes, and GET /limits tells it
            return not binary and not schema.keys() & {"maxLength", "enum", "const"} and not is_of_an_id(schema)
        case "array":
            return "maxItems" not in schema
        case "integer" | "number":
            return not {"minimum", "maximum"} <= schema.keys()
        case _:
            return False


def is_of_an_id(schema: Schema) -> bool:
    """Whether the pattern itself has a greatest length: that of one id, or of several."""
    pattern = schema.get("pattern", "")
    return pattern.startswith("^[0-7][0-9a-f]{15}") and pattern.endswith("$") and not set("*+") & set(pattern)


def test_all_that_a_request_may_hold_is_bounded() -> None:
    found = list(of_requests())
    assert len(found) > 100
    assert [where for where, schema in found if unbounded(schema)] == []


def test_arrays_and_numbers_of_answers_are_bounded() -> None:
    found = [each for each in of_answers() if each[1].get("type") != "string"]
    assert len(found) > 1_000
    assert sorted({where for where, schema in found if unbounded(schema)}) == []


def test_no_object_of_a_request_takes_unknown_names() -> None:
    objects = [each for each in of_requests() if each[1].get("type") == "object"]
    assert len(objects) > 10
    assert [where for where, schema in objects if schema.get("additionalProperties") is not False] == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "string", "pattern": "^[a-z]+$"},
        {"type": "string", "format": "date-time"},
        {"type": "array", "items": {}},
        {"type": "integer", "maximum": 3},
        {"type": "integer", "minimum": 3},
    ],
)
def test_what_has_no_limit_is_noticed(schema: Schema) -> None:
    assert unbounded(schema)
    ((where, _),) = [each for each in walk({"anyOf": [schema, {"type": "null"}]}, "body") if unbounded(each[1])]
    assert where == "body/anyOf"

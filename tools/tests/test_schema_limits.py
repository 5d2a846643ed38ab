"""Limits in the description: every request value is bounded, and so are arrays and numbers of responses."""

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
OF_BROWSERS = {"Assertion", "AssertionResponse", "Attestation", "AttestationResponse"}
"""What a browser makes of a passkey is sent as it is: later versions of WebAuthn may add fields."""


def resolved(value: Any) -> Any:
    """The target of a reference."""
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
    """Without header parameters that have no format: the gateway limits all headers together (431)."""
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
    """Whether it allows numbers, arrays or texts without a limit."""
    match schema.get("type"):
        case "string":
            binary = schema.get("format") == "binary"  # a file: its limit is in bytes, in GET /limits
            return not binary and not schema.keys() & {"maxLength", "enum", "const"} and not is_of_an_id(schema)
        case "array":
            return "maxItems" not in schema
        case "integer" | "number":
            return not ({"minimum", "exclusiveMinimum"} & schema.keys() and "maximum" in schema)
        case _:
            return False


def is_of_an_id(schema: Schema) -> bool:
    """Whether the pattern itself limits the length: that of one id, or of several."""
    pattern = schema.get("pattern", "")
    return pattern.startswith("^[0-7][0-9a-f]{15}") and pattern.endswith("$") and not set("*+") & set(pattern)


def test_every_request_value_is_bounded() -> None:
    found = list(of_requests())
    assert len(found) > 100
    assert [where for where, schema in found if unbounded(schema)] == []


def test_response_arrays_and_numbers_are_bounded() -> None:
    found = [each for each in of_answers() if each[1].get("type") != "string"]
    assert len(found) > 1_000
    assert sorted({where for where, schema in found if unbounded(schema)}) == []


def test_request_objects_refuse_unknown_fields() -> None:
    objects = [each for each in of_requests() if each[1].get("type") == "object"]
    assert len(objects) > 10
    open_ones = [each for each in objects if each[1].get("additionalProperties") is not False]
    assert [where for where, schema in open_ones if schema["title"] not in OF_BROWSERS] == []


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
def test_missing_limit_is_found(schema: Schema) -> None:
    assert unbounded(schema)
    ((where, _),) = [each for each in walk({"anyOf": [schema, {"type": "null"}]}, "body") if unbounded(each[1])]
    assert where == "body/anyOf"

"""A service's OpenAPI 3.1 document as it truly behaves: every problem in its own media type, one schema for all."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from shared.problem_details import MEDIA_TYPE, Problem

_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")
_FORM = "Body_"
"""How the framework begins the name of the schema that it makes of the fields of a form."""
_REFERENCE = "#/components/schemas/"
_TEXT = {"type": "string"}
_BYTES = {"type": "string", "format": "binary"}
"""OpenAPI 3.1 would leave out `format`; generators know bytes by it, and only by it."""
_LOCATION = {"description": "Where it is found", "required": True, "schema": _TEXT}
_LINK = {"description": 'The next page, where there is one: `<url>; rel="next"` (RFC 8288)', "schema": _TEXT}


def install(app: FastAPI) -> None:
    """Let `app.openapi()` and `/openapi.json` give our document; it is made once."""
    app.openapi = lambda: _once(app)  # type: ignore[method-assign] # the framework's own way to replace it


def _once(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = _document(app)
    return app.openapi_schema


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes, description=app.description)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _without_null(parameter["schema"])
        _without_framework_answers(operation["responses"])
        _with_headers(operation)
        _with_bytes(operation["responses"])
        _with_its_form(operation, schemas)
    for name in [name for name in schemas if name in _FRAMEWORK_SCHEMAS or name.startswith(_FORM)]:
        del schemas[name]
    _, definitions = models_json_schema([(Problem, "validation")], ref_template=_REFERENCE + "{model}")
    schemas.update(definitions["$defs"])
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from item.values()


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter or the field of a form can be left out, and never be null: it is text."""
    others = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(others) != 1:
        return schema
    return {**others[0], **{name: value for name, value in schema.items() if name != "anyOf"}}


def _without_framework_answers(responses: dict[str, Any]) -> None:
    """The framework declares its own 422 wherever there is a parameter; only ours are ever given."""
    declared = responses.get("422", {}).get("content", {})
    if declared and MEDIA_TYPE not in declared:
        del responses["422"]


def _with_headers(operation: dict[str, Any]) -> None:
    """Whatever is made says where it is, and every list how it goes on."""
    responses = operation["responses"]
    if "201" in responses:
        responses["201"].setdefault("headers", {})["Location"] = _LOCATION
    if any(parameter["name"] == "cursor" for parameter in operation.get("parameters", [])):
        responses["200"].setdefault("headers", {})["Link"] = _LINK


def _with_bytes(responses: dict[str, Any]) -> None:
    """An answer of a type without a schema consists of bytes."""
    for response in responses.values():
        for media in response.get("content", {}).values():
            media.setdefault("schema", _BYTES)


def _with_its_form(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """The schema of a form stands where it is used: its name is the framework's, and tells nobody anything."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        name = media.get("schema", {}).get("$ref", "").removeprefix(_REFERENCE)
        if not name.startswith(_FORM):
            continue
        form = {key: value for key, value in schemas[name].items() if key != "title"}
        form["additionalProperties"] = False
        fields = form["properties"]
        form["properties"] = {field: _with_format(_without_null(schema)) for field, schema in fields.items()}
        media["schema"] = form


def _with_format(schema: dict[str, Any]) -> dict[str, Any]:
    """A file is bytes to generators too."""
    return {**schema, "format": "binary"} if "contentMediaType" in schema else schema
